"""Changing what messages say, and letting staff know where that may come too late for the order.

A message is told once, by message.created, and what it says is in the order by then. A later change is not told again: the conversation is unread
once more, the message shows both texts, and what becomes of the order is for a person to say.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from libs import postgres
from libs.postgres import Transaction
from libs.service import Service
from services.message_store import amendments_store, linking_store
from services.message_store.amendments_store import Amendment, MessageName

AT_ONCE = 500


async def amend(tx: Transaction, amendments: Sequence[Amendment], untold: Collection[UUID] = ()) -> dict[MessageName, str]:
    """Change those messages that are here. Returns what they say by then. Staff are to look again, but for messages that are `untold` as yet."""
    here = await amendments_store.update_amended(tx, amendments)
    too_late = {(each.distributor_id, each.conversation_id) for each in here if each.is_news and each.message_id not in untold}
    if too_late:
        await amendments_store.update_unread(tx, too_late)
        await linking_store.update_showing(tx, too_late)
    return {each.name: each.content for each in here}


async def amend_waiting(tx: Transaction, untold: Collection[UUID]) -> dict[MessageName, str]:
    """Make the changes of the transaction's tenants that came before their messages. Returns what these say by then."""
    waiting = await amendments_store.delete_due(tx, AT_ONCE)
    return await amend(tx, waiting, untold) if waiting else {}


async def amend_due(service: Service) -> int:
    """Make the changes that were stored at the very moment when their messages were, so that neither saw the other. Returns how many."""
    async with postgres.worker_transaction(service.pool) as worker:
        tenants = await amendments_store.select_tenants_of_early(worker)
    if not tenants:
        return 0
    async with postgres.tenant_transaction(service.pool, tenants) as tx:
        return len(await amend_waiting(tx, ()))
