"""What is in stock, and at what price: our copy follows the catalog."""

from collections.abc import Sequence

from libs.postgres import Transaction
from schemas.product_changed import ProductChanged
from services.ai_agent import support_store


async def on_products_changed(events: Sequence[ProductChanged], tx: Transaction) -> None:
    """Keep the products; an older word than the one we have changes nothing."""
    await support_store.upsert_products(tx, events)
