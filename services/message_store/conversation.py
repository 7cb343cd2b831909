"""A conversation as staff see it: one customer, or one unknown sender, on one channel."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, Field

from schemas.contact import Channel
from schemas.message import MessageStatus, MessageType


class ConversationStatus(StrEnum):
    """Whether it is in the inbox; a customer's next message brings it back there."""

    ACTIVE = "ACTIVE"
    ARCHIVED = "ARCHIVED"


class LastMessage(BaseModel):
    """The beginning of what was said last."""

    id: UUID
    is_from_customer: bool
    message_type: MessageType
    status: MessageStatus
    excerpt: str = Field(description="The first 200 characters")
    sent_at: datetime


class Conversation(BaseModel):
    """One conversation, with those that were merged into it counted in."""

    id: UUID
    customer_id: UUID | None = Field(description="Null while nobody knows whose contact the sender is: link it")
    contact_id: UUID
    contact_address: str = Field(description="Where replies go: the number or mail address that wrote last")
    channel: Channel
    status: ConversationStatus
    integration_id: UUID
    unread_count: int
    last_message_at: datetime
    last_message: LastMessage | None
    window_expires_at: datetime | None = Field(description="Until when WhatsApp takes free texts to this customer")
    ai_context_summary: str | None
    ai_last_processed_at: datetime | None
    merged_ids: list[UUID] = Field(description="The conversations that are shown with this one; their ids lead here")
    created_at: datetime
    updated_at: datetime
