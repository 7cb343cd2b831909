"""The order that a conversation is collecting: what "make it 5" is read with."""

from collections.abc import Sequence

from libs.postgres import Transaction
from schemas.order_session_changed import OrderSessionChanged
from services.ai_agent import context_store


async def on_order_sessions_changed(events: Sequence[OrderSessionChanged], tx: Transaction) -> None:
    """Remember the open lines of each conversation."""
    await context_store.upsert_open_orders(tx, events)
