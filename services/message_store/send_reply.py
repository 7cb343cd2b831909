"""What staff answer a customer: stored in its place first, sent by outbound afterwards, as the replies of the system are."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID, uuid4

from pydantic import BaseModel, Field, StringConstraints

from libs import outbox
from libs.postgres import Transaction
from libs.refused import Conflict, NotFound, Refused
from schemas.contact import Channel
from services.message_store import inbox_store, messages_store, replying
from services.message_store.conversation import Conversation
from services.message_store.message import Message
from services.message_store.replies_store import Reply

LONGEST = {Channel.WHATSAPP: 4_096, Channel.SMS: 1_600, Channel.EMAIL: 20_000}
"""How many characters a channel carries in one message."""


class NewReply(BaseModel):
    """What is to be said."""

    content: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)] = Field(
        description="At most 4,096 characters over WhatsApp, 1,600 over SMS"
    )
    reply_to_message_id: UUID | None = Field(default=None, description="The message of this conversation that it answers")


class QueuedReply(Message):
    """The message as it is stored, and whether the channel will take it as it reads."""

    window_open: bool = Field(
        description="False: more than 24 hours after the customer's last message WhatsApp takes templates only. It is sent by the integration's "
        "template, and fails with WINDOW_CLOSED where there is none"
    )
    window_expires_at: datetime | None


class TooLongForTheChannel(Refused):
    """The channel does not carry that many characters in one message."""


async def send_reply(tx: Transaction, distributor_id: UUID, conversation_id: UUID, wanted: NewReply) -> QueuedReply:
    """Queue a reply. Raises NotFound, Conflict where there is nowhere to send it, TooLongForTheChannel."""
    parts = await inbox_store.lock_parts(tx, distributor_id, conversation_id)
    conversation = await inbox_store.select_conversation(tx, distributor_id, conversation_id)
    if conversation is None:
        raise NotFound(f"there is no conversation {conversation_id}")
    await _check(tx, distributor_id, conversation, parts, wanted)
    now = datetime.now(UTC)
    reply = Reply(
        distributor_id=distributor_id,
        conversation_id=conversation.id,
        reply_id=uuid4(),
        content=wanted.content,
        reply_to_message_id=wanted.reply_to_message_id,
        sent_at=now,
    )
    await outbox.enqueue(tx, *(await replying.queue(tx, [reply])).values())
    message = await messages_store.select_message(tx, distributor_id, reply.reply_id)
    assert message
    until = conversation.window_expires_at
    return QueuedReply(**message.model_dump(), window_open=until is None or now < until, window_expires_at=until)


async def _check(tx: Transaction, distributor_id: UUID, conversation: Conversation, parts: list[UUID], wanted: NewReply) -> None:
    if not conversation.contact_address:
        raise Conflict(f"conversation {conversation.id} has no address any more; write to the customer over another channel")
    if len(wanted.content) > (longest := LONGEST[conversation.channel]):
        raise TooLongForTheChannel(f"{conversation.channel} carries at most {longest} characters in one message; send several")
    if wanted.reply_to_message_id:
        answered = await messages_store.select_message(tx, distributor_id, wanted.reply_to_message_id)
        if answered is None or answered.conversation_id not in parts:
            raise NotFound(f"there is no message {wanted.reply_to_message_id} in this conversation; leave reply_to_message_id out, or name another")
