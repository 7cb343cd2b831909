"""Which order session a message belongs to, and which order that became."""

from collections.abc import Sequence

from libs.postgres import Transaction
from schemas.order_session_changed import OrderSessionChanged
from services.message_store import analysis_store


async def on_order_sessions_changed(events: Sequence[OrderSessionChanged], tx: Transaction) -> None:
    """Link the messages that moved a session to it, and all of its messages to its order."""
    await analysis_store.update_order_sessions(tx, events)
    await analysis_store.update_order_contexts(tx, events)
