"""What a person corrected in an order is found first the next time that its customer asks for it."""

from collections.abc import Sequence

from libs.postgres import Transaction
from schemas.order_corrected import OrderCorrected
from services.catalog_matcher import learning


async def on_orders_corrected(events: Sequence[OrderCorrected], tx: Transaction) -> None:
    """Learn from a batch of corrections."""
    await learning.take_in(tx, events)
