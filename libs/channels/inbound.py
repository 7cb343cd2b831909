"""What came in, in one form whatever the channel: a message, a change of one, a word on one of ours, or something that goes no further."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from pydantic import BeforeValidator

from libs.refused import Refused
from schemas.attachment import Attachment
from schemas.contact import Channel, Sender
from schemas.message import MessageParts, MessageStatus, MessageType

MOST_CONTENT = 20_000
MOST_EXTERNAL_ID = 500
MOST_ADDRESS = 320
NO_PARTS = MessageParts()


class NotUnderstood(Refused):
    """The body is not what the provider sends."""

    status = 400


class NotSigned(Refused):
    """Nothing proves that the provider calls."""

    status = 401


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """A customer wrote. `account` is our side as the provider names it, `raw` the message as it came, as JSON."""

    channel: Channel
    account: str
    external_message_id: str
    sender: Sender
    message_type: MessageType = MessageType.TEXT
    content: str
    attachments: tuple[Attachment, ...] = ()
    files: tuple[bytes, ...] = field(default=(), repr=False)
    """What is in `attachments`, in their order, where it came with the message rather than being fetched."""
    parts: MessageParts = NO_PARTS
    reply_to_external_id: str | None = None
    external_conversation_id: str | None = None
    sent_at: datetime
    sender_not_trusted: str | None = None
    """Why the sender may be somebody else than they say; null where there is no reason to think so."""
    may_write: bool | None = None
    """What the provider made of the message as a word on consent, where it looks for one."""
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    raw: str

    @property
    def address(self) -> str:
        """Who wrote."""
        return self.sender.address


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """A customer changed the message `amends`, or took it back: then `content` is null."""

    channel: Channel
    account: str
    external_message_id: str
    amends: str
    address: str
    content: str | None
    amended_at: datetime
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What became of a message that we sent to `address`; `message_id` is ours, where the provider repeats it."""

    channel: Channel
    account: str
    external_message_id: str
    message_id: UUID | None = None
    address: str
    status: MessageStatus
    status_at: datetime
    error_code: str | None = None
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """Something that is written down and goes no further."""

    account: str
    external_message_id: str
    raw: str


Incoming: TypeAlias = Inbound | Amendment | Status | Ignored


def clean(text: str, most: int = MOST_CONTENT) -> str:
    """Return what PostgreSQL and UTF-8 can hold of the first `most` characters: no NUL, no half of a pair."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    text = text[:most]
    return text if text.isascii() else text.encode(errors="replace").decode()


def our_id(text: str | None) -> UUID | None:
    """Return the message id that we gave to the provider with a message, if that is what it repeats."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


Text = Annotated[str, BeforeValidator(lambda value: clean(value, len(value)) if isinstance(value, str) else value)]
