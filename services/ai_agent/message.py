"""A customer's message as a job carries it, and as it is passed on with its meaning."""

from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime

from schemas.analysis import Analysis
from schemas.contact import Channel
from schemas.event import Fact
from schemas.message import Content
from schemas.message_analyzed import MessageAnalyzed
from schemas.message_created import MessageCreated
from schemas.message_file_stored import FileKind, MessageFileStored
from schemas.message_text_extracted import MessageTextExtracted


class StoredFile(Fact):
    """A picture or a voice note, and where it is kept."""

    kind: FileKind
    storage_key: str
    mime_type: str
    size_bytes: int


class Message(Fact):
    """What is passed on of a message whatever it means."""

    distributor_id: UUID
    conversation_id: UUID
    message_id: UUID
    thread_position: int
    channel: Channel
    customer_id: UUID | None
    contact_id: UUID | None
    content: Content
    sent_at: AwareDatetime
    file: StoredFile | None = None
    """What is to be written down first, and then read in place of the text."""

    def analyzed(self, analysis: Analysis, model: str, prompt_version: str, now: datetime, attachment_id: UUID | None = None) -> MessageAnalyzed:
        """Return the event that says what the message means."""
        return MessageAnalyzed(
            distributor_id=self.distributor_id,
            occurred_at=now,
            conversation_id=self.conversation_id,
            message_id=self.message_id,
            attachment_id=attachment_id,
            thread_position=self.thread_position,
            channel=self.channel,
            customer_id=self.customer_id,
            contact_id=self.contact_id,
            content=self.content,
            sent_at=self.sent_at,
            analysis=analysis,
            model=model,
            prompt_version=prompt_version,
        )


def message_of(event: MessageCreated) -> Message:
    """Return the message that an event tells of."""
    return Message.model_validate(event, from_attributes=True)


def message_of_file(event: MessageTextExtracted) -> Message | None:
    """Return the message that a file came with, as if it said what the file says; None for an event from before they told of it."""
    if event.thread_position is None or event.channel is None or event.sent_at is None:
        return None
    return Message(
        distributor_id=event.distributor_id,
        conversation_id=event.conversation_id,
        message_id=event.message_id,
        thread_position=event.thread_position,
        channel=event.channel,
        customer_id=event.customer_id,
        contact_id=event.contact_id,
        content=event.text,
        sent_at=event.sent_at,
    )


def message_with_file(event: MessageFileStored) -> Message:
    """Return the message that a picture or a voice note came with; what it says is not known yet."""
    return Message(
        distributor_id=event.distributor_id,
        conversation_id=event.conversation_id,
        message_id=event.message_id,
        thread_position=event.thread_position,
        channel=event.channel,
        customer_id=event.customer_id,
        contact_id=event.contact_id,
        content="",
        sent_at=event.sent_at,
        file=StoredFile(kind=event.kind, storage_key=event.storage_key, mime_type=event.mime_type, size_bytes=event.size_bytes),
    )
