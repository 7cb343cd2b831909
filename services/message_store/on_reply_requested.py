"""What we answer is a message like any other: stored in its place first, sent afterwards."""

from collections.abc import Sequence

from libs import outbox
from libs.postgres import Transaction
from libs.refused import Refused
from schemas.reply_requested import ReplyRequested
from services.message_store import replies_store, replying
from services.message_store.replies_store import Reply


class ConversationUnknown(Refused):
    """A reply was asked for in a conversation that nobody ever wrote in."""


async def on_replies_requested(events: Sequence[ReplyRequested], tx: Transaction) -> None:
    """Store replies as queued and tell of them. Raises ConversationUnknown."""
    created = await replying.queue(tx, [_reply(event) for event in events])
    left_out = [event for event in events if event.reply_id not in created]
    existing = await replies_store.select_existing(tx, [e.distributor_id for e in left_out], [e.reply_id for e in left_out]) if left_out else set()
    for event in left_out:
        if event.reply_id not in existing:
            raise ConversationUnknown(f"there is no conversation {event.conversation_id}")
    causes = {event.reply_id: event for event in events}
    await outbox.enqueue(tx, *(message.because_of(causes[reply_id]) for reply_id, message in created.items()))


def _reply(event: ReplyRequested) -> Reply:
    return Reply(
        distributor_id=event.distributor_id,
        conversation_id=event.conversation_id,
        reply_id=event.reply_id,
        content=event.content,
        reply_to_message_id=event.reply_to_message_id,
        order_session_id=event.order_session_id,
        sent_at=event.occurred_at,
    )
