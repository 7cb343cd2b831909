"""Which order session a message belongs to."""

from collections.abc import Sequence

from libs.postgres import Transaction
from schemas.order_session_changed import OrderSessionChanged
from services.message_store import store


async def on_order_sessions_changed(events: Sequence[OrderSessionChanged], tx: Transaction) -> None:
    """Link the messages that moved a session to it."""
    moved = {event.message_id: event for event in events if event.message_id}
    await store.update_order_sessions(tx, [e.distributor_id for e in moved.values()], list(moved), [e.order_session_id for e in moved.values()])
