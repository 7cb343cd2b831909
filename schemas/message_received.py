"""`message.received`: a customer wrote. From our webhooks, or straight from a gateway."""

from functools import cached_property
from typing import Any, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, model_validator

from schemas.attachment import Attachment
from schemas.contact import Channel, Sender, contact_id, conversation_id
from schemas.event import Event
from schemas.message import Content, MessageParts, MessageType


class MessageReceived(Event):
    """One message as the channel delivered it. (integration_id, external_message_id) names it for ever."""

    topic = "message.received"
    subject_field = "external_message_id"

    conversation_id: UUID = Field(description="Derived: see schemas.contact")
    channel: Channel
    integration_id: UUID
    channel_account: str | None = Field(
        default=None, max_length=320, description="The provider's name of our side: a phone_number_id, a number, a mailbox"
    )
    external_message_id: str = Field(min_length=1, max_length=500)
    external_conversation_id: str | None = Field(default=None, max_length=500)
    sender: Sender
    customer_id: UUID | None = None
    message_type: MessageType = MessageType.TEXT
    content: Content = ""
    attachments: tuple[Attachment, ...] = Field(default=(), max_length=50)
    parts: MessageParts = MessageParts()
    reply_to_external_id: str | None = Field(default=None, max_length=500)
    sent_at: AwareDatetime = Field(description="When the customer sent it, by the provider's clock")
    external_metadata: dict[str, Any] = Field(default_factory=dict)

    @cached_property
    def contact_id(self) -> UUID:
        """The contact who wrote."""
        return contact_id(self.distributor_id, self.channel, self.sender.address)

    @model_validator(mode="after")
    def _conversation_id_is_derived(self) -> Self:
        expected = conversation_id(self.distributor_id, self.channel, self.customer_id or self.contact_id)
        if self.conversation_id != expected:
            raise ValueError(f"conversation_id must be {expected}, the id derived from distributor, channel and customer or contact")
        return self
