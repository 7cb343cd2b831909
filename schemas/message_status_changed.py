"""`message.status_changed`: what became of a message that we sent."""

from uuid import UUID

from pydantic import AwareDatetime, Field

from schemas.event import Event
from schemas.message import MessageStatus


class MessageStatusChanged(Event):
    """A step of one outgoing message, by the provider's word or by ours."""

    topic = "message.status_changed"
    subject_field = "message_id"

    conversation_id: UUID
    message_id: UUID
    integration_id: UUID
    external_message_id: str | None = None
    status: MessageStatus
    status_at: AwareDatetime
    error_code: str | None = Field(default=None, max_length=100)
