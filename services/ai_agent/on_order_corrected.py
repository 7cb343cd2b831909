"""A person put right what was read: it becomes examples to learn from."""

from libs.postgres import Transaction
from schemas.order_corrected import OrderCorrected
from services.ai_agent import outcomes_store, support_store, training_store
from services.ai_agent.learning import lessons, misread


async def on_order_corrected(event: OrderCorrected, tx: Transaction) -> None:
    """Keep the order as it stands, what its correction teaches, and that the answers behind it were wrong."""
    await support_store.upsert_order(tx, event)
    if taught := list(lessons(event)):
        await training_store.insert_examples(tx, event.distributor_id, taught)
    if event.conversation_id and (words := misread(event)):
        await outcomes_store.update_corrected(tx, event.distributor_id, event.conversation_id, event.occurred_at, words)
