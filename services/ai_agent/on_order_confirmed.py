"""An order is firm: what was read for it has turned out right, as far as the customer is concerned."""

from libs.postgres import Transaction
from schemas.order_confirmed import OrderConfirmed
from services.ai_agent import outcomes_store, support_store


async def on_order_confirmed(event: OrderConfirmed, tx: Transaction) -> None:
    """Keep the order as it stands, and that the answers behind it were right."""
    await support_store.upsert_order(tx, event)
    if event.conversation_id:
        await outcomes_store.update_confirmed(tx, event.distributor_id, event.conversation_id, event.occurred_at)
