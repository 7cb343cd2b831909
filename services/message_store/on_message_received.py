"""What customers wrote is stored, once, in its place, and told to everybody else."""

from collections.abc import Sequence
from datetime import UTC, datetime

from libs import outbox
from libs.postgres import Transaction
from schemas.message_created import MessageCreated
from schemas.message_received import MessageReceived
from services.message_store import store
from services.message_store.store import StoredMessage


async def on_messages_received(events: Sequence[MessageReceived], tx: Transaction) -> None:
    """Store a batch. A message that was stored before, or comes twice in the batch, is told once."""
    stored = await store.insert_received(tx, events)
    now = datetime.now(UTC)
    await outbox.enqueue(tx, *(_created(event, stored[place], now) for place, event in enumerate(events) if place in stored))


def _created(event: MessageReceived, place: StoredMessage, now: datetime) -> MessageCreated:
    return MessageCreated(
        distributor_id=event.distributor_id,
        occurred_at=now,
        conversation_id=event.conversation_id,
        message_id=place.message_id,
        thread_position=place.thread_position,
        channel=event.channel,
        is_from_customer=True,
        message_type=event.message_type,
        content=event.content,
        attachments=event.attachments,
        customer_id=event.customer_id,
        contact_id=event.contact_id,
        address=event.sender.address,
        integration_id=event.integration_id,
        channel_account=event.channel_account,
        external_message_id=event.external_message_id,
        sent_at=event.sent_at,
    ).because_of(event)
