"""A message as staff see it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from schemas.analysis import Confidence, Intent, Line
from schemas.message import MessageParts, MessageStatus, MessageType
from services.message_store.media.domain import Kind


class AttachmentSummary(BaseModel):
    """A file of a message, wherever it is on its way; `GET /v1/attachments/{id}` gives a link to it."""

    id: UUID
    kind: Kind
    state: Literal["PENDING", "STORED", "FAILED"]
    filename: str | None
    mime_type: str | None
    size_bytes: int | None
    error_code: str | None


class Revision(BaseModel):
    """What a message said from then on; `content` is null where it was taken back."""

    content: str | None
    amended_at: datetime | None = Field(description="Null: as it was first sent")


class Message(BaseModel):
    """One message. `thread_position` counts within `conversation_id`, which may have been merged into the one that shows it."""

    id: UUID
    conversation_id: UUID
    thread_position: int
    is_from_customer: bool
    direction: Literal["INBOUND", "OUTBOUND"]
    message_type: MessageType
    status: MessageStatus
    error_code: str | None = Field(description="Why it could not be delivered")
    content: str = Field(description="As it reads now; empty where it was taken back, or only files were sent")
    parts: MessageParts
    transcript: str | None
    attachments: list[AttachmentSummary] = []
    revisions: list[Revision] | None = Field(default=None, description="What a changed message said, the first text first; null where not asked for")
    ai_processed: bool
    ai_confidence: Confidence | None
    ai_extracted_intent: Intent | None
    ai_extracted_products: list[Line] | None
    ai_suggested_responses: list[str] | None
    order_session_id: UUID | None
    order_context_id: UUID | None = Field(description="The order that it became, or speaks of")
    reply_to_message_id: UUID | None
    sender_contact_id: UUID | None
    external_message_id: str | None
    sent_at: datetime
    edited_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime
