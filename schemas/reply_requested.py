"""`reply.requested`: the customer is to be told something."""

from uuid import UUID

from pydantic import Field

from schemas.event import Event


class ReplyRequested(Event):
    """A text for a conversation. `reply_id` becomes the message's id, so a repeat stores nothing twice."""

    topic = "reply.requested"
    subject_field = "reply_id"

    conversation_id: UUID
    reply_id: UUID
    content: str = Field(min_length=1, max_length=20_000)
    reply_to_message_id: UUID | None = None
    order_session_id: UUID | None = None
