"""What is not delivered was not bought, and teaches nothing."""

from collections.abc import Sequence

from libs.postgres import Transaction
from schemas.order_cancelled import OrderCancelled
from services.catalog_matcher import learning


async def on_orders_cancelled(events: Sequence[OrderCancelled], tx: Transaction) -> None:
    """Forget a batch of orders."""
    await learning.forget(tx, events)
