"""`message.amended`: a customer changed a message after they had sent it, or took it back."""

from uuid import UUID

from pydantic import AwareDatetime, Field

from schemas.event import Event
from schemas.message import Content


class MessageAmended(Event):
    """What the message says now; null where it was taken back. (integration_id, external_message_id) names the message."""

    topic = "message.amended"
    subject_field = "external_message_id"

    conversation_id: UUID
    integration_id: UUID
    external_message_id: str = Field(min_length=1, max_length=500, description="Of the message as it was first sent")
    content: Content | None
    amended_at: AwareDatetime
