"""How orders stand: our copy follows whatever is said of them."""

from libs.postgres import Transaction
from schemas.order import OrderEvent
from services.ai_agent import support_store


async def on_order_changed(event: OrderEvent, tx: Transaction) -> None:
    """Keep the order; an older version than the one we have changes nothing."""
    await support_store.upsert_order(tx, event)
