"""Replies, whoever asks for them: stored in their places, and told for outbound to send."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from libs.postgres import Transaction
from schemas.contact import Channel
from schemas.message import MessageType
from schemas.message_created import MessageCreated
from services.message_store import replies_store
from services.message_store.replies_store import Reply, StoredReply


async def queue(tx: Transaction, replies: Sequence[Reply]) -> dict[UUID, MessageCreated]:
    """Store replies as queued, each once. Returns what is to be told of the new ones, by reply id.

    What was stored before is left out, and so is what belongs to a conversation that does not exist.
    """
    stored = await replies_store.insert_replies(tx, replies)
    now = datetime.now(UTC)
    return {reply.reply_id: _created(reply, stored[reply.reply_id], now) for reply in replies if reply.reply_id in stored}


def _created(reply: Reply, stored: StoredReply, now: datetime) -> MessageCreated:
    return MessageCreated(
        distributor_id=reply.distributor_id,
        occurred_at=now,
        conversation_id=reply.conversation_id,
        message_id=stored.message_id,
        thread_position=stored.thread_position,
        channel=Channel(stored.channel),
        is_from_customer=False,
        message_type=MessageType.TEXT,
        content=reply.content,
        customer_id=stored.customer_id,
        contact_id=stored.contact_id,
        address=stored.address,
        integration_id=stored.integration_id,
        channel_account=stored.channel_account,
        reply_to_message_id=stored.reply_to_message_id,
        order_session_id=reply.order_session_id,
        sent_at=reply.sent_at,
    )
