"""`message.created`: a message, theirs or ours, is stored and has its place in the conversation."""

from uuid import UUID

from pydantic import AwareDatetime, Field

from schemas.attachment import Attachment
from schemas.contact import Channel
from schemas.event import Event
from schemas.message import Content, MessageParts, MessageType


class MessageCreated(Event):
    """One stored message. `is_from_customer` tells the direction; ours are to be sent to `address`."""

    topic = "message.created"
    subject_field = "message_id"

    conversation_id: UUID
    message_id: UUID
    thread_position: int = Field(ge=1, description="1, 2, 3 … within the conversation, without a gap")
    channel: Channel
    is_from_customer: bool
    message_type: MessageType
    content: Content
    attachments: tuple[Attachment, ...] = ()
    parts: MessageParts = MessageParts()
    customer_id: UUID | None
    contact_id: UUID | None
    address: str | None = Field(description="The contact's number or mail address")
    integration_id: UUID | None
    channel_account: str | None = Field(default=None, description="The provider's name of our side: a phone_number_id, a number, a mailbox")
    external_message_id: str | None = None
    reply_to_message_id: UUID | None = None
    order_session_id: UUID | None = None
    sent_at: AwareDatetime
