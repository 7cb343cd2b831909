"""`message.status_changed`: what became of a message that we sent."""

from typing import Self
from uuid import UUID

from pydantic import AwareDatetime, Field, model_validator

from schemas.event import Event
from schemas.message import MessageStatus


class MessageStatusChanged(Event):
    """A step of one outgoing message, by the provider's word or by ours."""

    topic = "message.status_changed"
    subject_field = "message_id"

    conversation_id: UUID
    message_id: UUID | None = Field(description="Null where only the provider's id is known")
    integration_id: UUID
    external_message_id: str | None = None
    status: MessageStatus
    status_at: AwareDatetime
    error_code: str | None = Field(default=None, max_length=100)

    @model_validator(mode="after")
    def _names_a_message(self) -> Self:
        if self.message_id is None and self.external_message_id is None:
            raise ValueError("message_id or external_message_id must be set")
        return self

    @property
    def subject(self) -> str:
        """The message, under the id that is known."""
        return str(self.message_id or self.external_message_id)
