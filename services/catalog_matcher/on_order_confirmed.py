"""What customers ordered is what they buy, and the words that they used are names of it."""

from collections.abc import Sequence

from libs.postgres import Transaction
from schemas.order_confirmed import OrderConfirmed
from services.catalog_matcher import learning


async def on_orders_confirmed(events: Sequence[OrderConfirmed], tx: Transaction) -> None:
    """Learn from a batch of orders."""
    await learning.take_in(tx, events)
