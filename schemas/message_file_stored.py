"""`message.file_stored`: a picture or a voice note that came with a message is stored, and can be looked at or listened to."""

from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime, Field

from schemas.contact import Channel
from schemas.event import Event


class FileKind(StrEnum):
    """What a file is to a person."""

    IMAGE = "IMAGE"
    AUDIO = "AUDIO"


class MessageFileStored(Event):
    """One stored attachment without a text of its own, and the message that it came with."""

    topic = "message.file_stored"
    subject_field = "attachment_id"

    conversation_id: UUID
    message_id: UUID
    attachment_id: UUID
    thread_position: int = Field(ge=1)
    channel: Channel
    customer_id: UUID | None
    contact_id: UUID | None
    sent_at: AwareDatetime
    kind: FileKind
    storage_key: str = Field(max_length=500, description="In the storage that the services share")
    mime_type: str = Field(max_length=200, description="What the content is, whatever the sender called it")
    size_bytes: int = Field(ge=0)
