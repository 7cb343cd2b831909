"""What the AI understood is kept with the message."""

from collections.abc import Sequence

from libs.postgres import Transaction
from schemas.message_analyzed import MessageAnalyzed
from services.message_store import analysis_store


async def on_messages_analyzed(events: Sequence[MessageAnalyzed], tx: Transaction) -> None:
    """Fill in the AI columns of messages and conversations."""
    await analysis_store.update_processed_conversations(tx, events)
    await analysis_store.update_analyzed(tx, events)
