"""How far our messages have come."""

from collections.abc import Sequence

from libs.postgres import Transaction
from schemas.message_status_changed import MessageStatusChanged
from services.message_store import statuses_store


async def on_message_statuses_changed(events: Sequence[MessageStatusChanged], tx: Transaction) -> None:
    """Move statuses forward, never back, and link what answered a message before we knew its name."""
    await statuses_store.update_statuses(tx, events)
    await statuses_store.update_quoting(tx, events)
