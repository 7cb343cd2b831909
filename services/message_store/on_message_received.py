"""What customers wrote is stored, once, in its place, and told to everybody else."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from libs import outbox
from libs.postgres import Transaction
from schemas.message_created import MessageCreated
from schemas.message_received import MessageReceived
from services.message_store import store
from services.message_store.store import ExternalId, StoredMessage


async def on_messages_received(events: Sequence[MessageReceived], tx: Transaction) -> None:
    """Store a batch. A message that was stored before, or comes twice in the batch, is told once."""
    ids = await store.claim_external_ids(tx, events)
    fresh = [(event, message_id) for event in events if (message_id := ids.pop(_external_id(event), None))]
    if not fresh:
        return
    new = [event for event, _ in fresh]
    newest = {event.conversation_id: event for event in new}
    counts = Counter(event.conversation_id for event in new)
    taken = await store.upsert_conversations(tx, list(newest.values()), [counts[conversation_id] for conversation_id in newest])
    places: list[StoredMessage] = []
    for event, message_id in fresh:
        taken[event.conversation_id] += 1
        places.append(StoredMessage(message_id, taken[event.conversation_id]))
    await store.insert_messages(tx, new, places)
    now = datetime.now(UTC)
    await outbox.enqueue(tx, *(_created(event, place, now) for event, place in zip(new, places, strict=True)))


def _external_id(event: MessageReceived) -> ExternalId:
    return event.distributor_id, event.integration_id, event.external_message_id


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
