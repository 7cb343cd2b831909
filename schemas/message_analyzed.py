"""`message.analyzed`: what a customer's message means."""

from uuid import UUID

from pydantic import AwareDatetime, Field

from schemas.analysis import Analysis
from schemas.contact import Channel
from schemas.event import Event
from schemas.message import Content


class MessageAnalyzed(Event):
    """The analysis of one message of a customer, and who made it."""

    topic = "message.analyzed"
    subject_field = "message_id"

    conversation_id: UUID
    message_id: UUID
    attachment_id: UUID | None = Field(default=None, description="The file that was read, where the analysis is not of the message's own text")
    thread_position: int = Field(ge=1)
    channel: Channel
    customer_id: UUID | None
    contact_id: UUID | None
    content: Content = Field(description="What was read: the message's own text, or what the file says")
    sent_at: AwareDatetime
    analysis: Analysis
    model: str = Field(description="The model's name, or local")
    prompt_version: str
