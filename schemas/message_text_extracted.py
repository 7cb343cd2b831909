"""`message.text_extracted`: what a file that came with a message says, as text."""

from uuid import UUID

from pydantic import AwareDatetime, Field

from schemas.contact import Channel
from schemas.event import Event
from schemas.message import Content


class MessageTextExtracted(Event):
    """The text of one stored attachment, one line a row where the file is a table. Files without text are not told of."""

    topic = "message.text_extracted"
    subject_field = "attachment_id"

    conversation_id: UUID
    message_id: UUID
    attachment_id: UUID
    thread_position: int | None = Field(default=None, ge=1, description="Of the message, as the next four are")
    channel: Channel | None = None
    customer_id: UUID | None = None
    contact_id: UUID | None = None
    sent_at: AwareDatetime | None = None
    text: Content
    truncated: bool = Field(default=False, description="The file says more than `text`, which then ends with a whole line")
    filename: str | None = Field(default=None, max_length=500)
    mime_type: str = Field(max_length=200, description="What the content is, whatever the sender called it")
