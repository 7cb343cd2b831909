"""What a conversation has been about is shown with it."""

from libs.postgres import Transaction
from schemas.conversation_summarized import ConversationSummarized
from services.message_store import analysis_store


async def on_conversation_summarized(event: ConversationSummarized, tx: Transaction) -> None:
    """Keep the summary; events of a conversation come in their order."""
    await analysis_store.update_summary(tx, event)
