"""A customer is to be forgotten: nothing that they wrote stays with us."""

from libs.postgres import Transaction
from schemas.contact import Channel, conversation_id
from schemas.customer_erased import CustomerErased
from services.ai_agent import erasure_store


async def on_customer_erased(event: CustomerErased, tx: Transaction) -> None:
    """Forget the customer's conversations, and what was taken from them."""
    theirs = [conversation_id(event.distributor_id, channel, event.customer_id) for channel in Channel]
    theirs += await erasure_store.select_conversations(tx, event.distributor_id, event.customer_id)
    await erasure_store.delete_contexts(tx, event.distributor_id, theirs)
    await erasure_store.delete_jobs(tx, event.distributor_id, theirs)
    await erasure_store.delete_examples(tx, event.distributor_id, theirs)
    await erasure_store.update_responses(tx, event.distributor_id, theirs)
