"""`conversation.summarized`: what a conversation has been about, and where it stands."""

from uuid import UUID

from pydantic import Field

from schemas.event import Event


class ConversationSummarized(Event):
    """The summary of a conversation up to one of its messages; each replaces the one before."""

    topic = "conversation.summarized"
    subject_field = "conversation_id"

    conversation_id: UUID
    thread_position: int = Field(ge=1, description="Of the last message that it takes into account")
    summary: str = Field(min_length=1, max_length=4_000)
    model: str = Field(description="The model's name, or local")
