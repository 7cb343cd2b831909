"""Whose contact a sender turns out to be, and what that means for the conversations (docs/decisions/0012)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from libs import outbox
from libs.postgres import Transaction
from libs.refused import NotFound
from schemas import contact
from schemas.contact_linked import ContactLinked
from services.message_store import copies, linking_store
from services.message_store.copies import Address, Link
from services.message_store.linking_store import Conversation


async def follow(tx: Transaction, links: Sequence[Link]) -> None:
    """Let the conversations of contacts, whose rows are locked, follow them to their customers; of nobody's contact it stands for itself again."""
    shown = [(link.distributor_id, customers) for link in links if (customers := link.conversation_of_customer)]
    if shown:
        await linking_store.update_standing_alone(tx, shown)
    astray = await linking_store.select_astray(tx, links)
    moving = [link for link in links if link.conversation_id in astray]
    if not moving:
        return
    await _begin(tx, moving)
    own = [(link.distributor_id, link.conversation_id) for link in moving]
    left = [(link.distributor_id, before) for link in moving if (before := astray[link.conversation_id])]
    await linking_store.lock_conversations(tx, {*own, *left, *shown})
    await linking_store.update_followed(tx, moving)
    await linking_store.update_showing(tx, own)
    if left:
        await linking_store.update_left(tx, left)


async def _begin(tx: Transaction, links: Sequence[Link]) -> None:
    """Begin the conversations of customers who have none yet, so that theirs is always the one that shows the others."""
    wanted = [(link, link.conversation_of_customer, link.customer_id) for link in links]
    named = [(link, conversation_id, customer_id) for link, conversation_id, customer_id in wanted if conversation_id and customer_id]
    await linking_store.insert_conversations_of_customers(
        tx,
        [(link.distributor_id, conversation_id) for link, conversation_id, _ in named],
        [customer_id for _, _, customer_id in named],
        [link.conversation_id for link, _, _ in named],
    )


async def link_senders(tx: Transaction, senders: Sequence[Address]) -> dict[UUID, UUID]:
    """Link those who just wrote for the first time, and whose customer we were told of before. Returns the customers by contact."""
    links = await copies.upsert_senders(tx, senders)
    if links:
        await follow(tx, links)
    return {link.contact_id: link.customer_id for link in links if link.customer_id}


async def link_contact(tx: Transaction, distributor_id: UUID, conversation_id: UUID, customer_id: UUID, linked_by: UUID) -> None:
    """Say that whoever writes in a conversation writes for the customer, here at once and, told by contact.linked, everywhere. Raises NotFound.

    A conversation of another customer goes with all who write for them on its channel: the two customers are one.
    """
    conversation = await linking_store.select_conversation(tx, distributor_id, conversation_id)
    if conversation is None:
        raise NotFound(f"there is no conversation {conversation_id}")
    if not await copies.customer_exists(tx, distributor_id, customer_id):
        raise NotFound(f"there is no customer {customer_id}; create it first, or wait a moment where it is new")
    now = datetime.now(UTC)
    is_contacts_own = conversation_id == contact.conversation_id(distributor_id, conversation.channel, conversation.contact_id)
    if is_contacts_own:
        writers = [Address(distributor_id, conversation.contact_id, conversation.channel, conversation.address)]
    else:
        writers = await _contacts_of(tx, distributor_id, conversation)
    news = await copies.link_contacts(tx, writers, customer_id, now)
    await follow(tx, [Link(distributor_id, each.contact_id, each.channel, customer_id) for each in writers])
    if not is_contacts_own:
        await _merge(tx, distributor_id, conversation_id, conversation, customer_id)
    told = [each for each in writers if each.contact_id in news]
    await outbox.enqueue(tx, *(_linked(each, customer_id, linked_by, now) for each in told))


async def _contacts_of(tx: Transaction, distributor_id: UUID, conversation: Conversation) -> list[Address]:
    if conversation.customer_id is None:
        return []
    return await copies.select_contacts(tx, distributor_id, conversation.customer_id, conversation.channel)


async def _merge(tx: Transaction, distributor_id: UUID, conversation_id: UUID, conversation: Conversation, customer_id: UUID) -> None:
    """Show a customer's conversation with that of another customer; with their own, it stands for itself again."""
    into = contact.conversation_id(distributor_id, conversation.channel, customer_id)
    await linking_store.insert_conversations_of_customers(tx, [(distributor_id, into)], [customer_id], [conversation_id])
    await linking_store.lock_conversations(tx, {(distributor_id, into), (distributor_id, conversation_id)})
    await linking_store.update_standing_alone(tx, [(distributor_id, into)])
    await linking_store.update_merged(tx, distributor_id, conversation_id, into)
    await linking_store.update_showing(tx, [(distributor_id, conversation_id)])


def _linked(address: Address, customer_id: UUID, linked_by: UUID, now: datetime) -> ContactLinked:
    return ContactLinked(
        distributor_id=address.distributor_id,
        occurred_at=now,
        contact_id=address.contact_id,
        channel=address.channel,
        address=address.address,
        customer_id=customer_id,
        linked_by=linked_by,
        linked_at=now,
    )
