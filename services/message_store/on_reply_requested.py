"""What we answer is a message like any other: stored in its place first, sent afterwards."""

from collections.abc import Sequence
from datetime import UTC, datetime

from libs import outbox
from libs.postgres import Transaction
from libs.refused import Refused
from schemas.contact import Channel
from schemas.message import MessageType
from schemas.message_created import MessageCreated
from schemas.reply_requested import ReplyRequested
from services.message_store import replies_store
from services.message_store.replies_store import StoredReply


class ConversationUnknown(Refused):
    """A reply was asked for in a conversation that nobody ever wrote in."""


async def on_replies_requested(events: Sequence[ReplyRequested], tx: Transaction) -> None:
    """Store replies as queued and tell of them. Raises ConversationUnknown."""
    stored = await replies_store.insert_replies(tx, events)
    left_out = [event for event in events if event.reply_id not in stored]
    existing = await replies_store.select_existing(tx, [e.distributor_id for e in left_out], [e.reply_id for e in left_out]) if left_out else set()
    for event in left_out:
        if event.reply_id not in existing:
            raise ConversationUnknown(f"there is no conversation {event.conversation_id}")
    fresh = {event.reply_id: event for event in events if event.reply_id in stored}
    now = datetime.now(UTC)
    await outbox.enqueue(tx, *(_created(event, stored[event.reply_id], now) for event in fresh.values()))


def _created(event: ReplyRequested, reply: StoredReply, now: datetime) -> MessageCreated:
    return MessageCreated(
        distributor_id=event.distributor_id,
        occurred_at=now,
        conversation_id=event.conversation_id,
        message_id=reply.message_id,
        thread_position=reply.thread_position,
        channel=Channel(reply.channel),
        is_from_customer=False,
        message_type=MessageType.TEXT,
        content=event.content,
        customer_id=reply.customer_id,
        contact_id=reply.contact_id,
        address=reply.address,
        integration_id=reply.integration_id,
        channel_account=reply.channel_account,
        reply_to_message_id=reply.reply_to_message_id,
        order_session_id=event.order_session_id,
        sent_at=event.occurred_at,
    ).because_of(event)
