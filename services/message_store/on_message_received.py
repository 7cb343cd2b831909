"""What customers wrote is stored, once, in its place, and told to everybody else."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from libs import outbox
from libs.postgres import Transaction
from schemas.message_created import MessageCreated
from schemas.message_received import MessageReceived
from services.message_store import amending, linking, linking_store, received_store
from services.message_store.copies import Address
from services.message_store.media.enqueue import enqueue_attachments
from services.message_store.received_store import StoredMessage

Fresh = Sequence[tuple[MessageReceived, StoredMessage]]


async def on_messages_received(events: Sequence[MessageReceived], tx: Transaction) -> None:
    """Store a batch. A message that was stored before, or comes twice in the batch, is told once."""
    stored = await received_store.insert_received(tx, events)
    fresh = [(event, stored[place]) for place, event in enumerate(events) if place in stored]
    if not fresh:
        return
    await enqueue_attachments(tx, [(event, message.message_id) for event, message in fresh])
    customers = await _link_senders(tx, fresh)
    if late := {(event.distributor_id, event.conversation_id) for event, message in fresh if message.is_merged}:
        await linking_store.update_showing(tx, late)
    contents = await amending.amend_waiting(tx, {message.message_id for _, message in fresh})
    now = datetime.now(UTC)
    await outbox.enqueue(
        tx,
        *(_created(event, message, _customer(event, message, customers), contents.get(_name(event), event.content), now) for event, message in fresh),
    )


async def _link_senders(tx: Transaction, fresh: Fresh) -> dict[UUID, UUID]:
    """Link senders of new conversations who became a customer's contact after their message was routed, and before it came here."""
    unknown = {
        event.contact_id: Address(event.distributor_id, event.contact_id, event.channel, event.sender.address)
        for event, message in fresh
        if message.thread_position == 1 and message.customer_id is None and not _is_doubtful(event)
    }
    return await linking.link_senders(tx, list(unknown.values())) if unknown else {}


def _customer(event: MessageReceived, message: StoredMessage, customers: Mapping[UUID, UUID]) -> UUID | None:
    """Return for whom the sender writes: not what the conversation says where it is doubtful who the sender is."""
    if event.customer_id or _is_doubtful(event):
        return event.customer_id
    return message.customer_id or customers.get(event.contact_id)


def _is_doubtful(event: MessageReceived) -> bool:
    return bool(event.external_metadata.get("sender_not_trusted"))


def _name(event: MessageReceived) -> tuple[UUID, UUID, str]:
    return event.distributor_id, event.integration_id, event.external_message_id


def _created(event: MessageReceived, message: StoredMessage, customer_id: UUID | None, content: str, now: datetime) -> MessageCreated:
    return MessageCreated(
        distributor_id=event.distributor_id,
        occurred_at=now,
        conversation_id=event.conversation_id,
        message_id=message.message_id,
        thread_position=message.thread_position,
        channel=event.channel,
        is_from_customer=True,
        message_type=event.message_type,
        content=content,
        attachments=event.attachments,
        parts=event.parts,
        customer_id=customer_id,
        contact_id=event.contact_id,
        address=event.sender.address,
        integration_id=event.integration_id,
        channel_account=event.channel_account,
        external_message_id=event.external_message_id,
        reply_to_message_id=message.reply_to_message_id,
        sent_at=event.sent_at,
    ).because_of(event)
