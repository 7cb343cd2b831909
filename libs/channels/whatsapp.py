"""The WhatsApp Cloud API, inbound: checking who calls, and reading what came.

Form and signature: Meta's documentation of the WhatsApp Business Platform, webhooks.
"""

import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from libs.refused import Refused
from schemas.attachment import Attachment
from schemas.contact import Sender
from schemas.message import MessageType

SIGNATURE_HEADER = "X-Hub-Signature-256"
PROVIDER = "Meta"

MEDIA_TYPES = {
    "image": MessageType.IMAGE,
    "sticker": MessageType.IMAGE,
    "video": MessageType.FILE,
    "document": MessageType.FILE,
    "audio": MessageType.AUDIO,
}
TYPES = MEDIA_TYPES | {"interactive": MessageType.INTERACTIVE, "button": MessageType.INTERACTIVE, "location": MessageType.LOCATION}
"""All others count as text; what a type that is not known here says is left empty."""


class NotWhatsApp(Refused):
    """The body is not a webhook of the WhatsApp Cloud API."""

    status = 400


def _clean(text: str) -> str:
    """Leave out what PostgreSQL cannot store."""
    return text.replace("\x00", "")


Text = Annotated[str, BeforeValidator(lambda value: _clean(value) if isinstance(value, str) else value)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Profile(_Part):
    """How a contact calls themselves."""

    name: Text | None = Field(default=None, max_length=200)


class ContactPart(_Part):
    """Who wrote; `wa_id` may be missing since user ids exist."""

    wa_id: Text | None = Field(default=None, max_length=50)
    user_id: Text | None = Field(default=None, max_length=200)
    profile: Profile = Profile()


class Context(_Part):
    """The message that this one replies to."""

    id: Text | None = Field(default=None, max_length=500)


class MessagePart(BaseModel):
    """One message; what depends on its type is kept as it came."""

    model_config = ConfigDict(frozen=True, extra="allow", populate_by_name=True)

    id: Text = Field(min_length=1, max_length=500)
    sender: Text | None = Field(default=None, alias="from", max_length=50)
    from_user_id: Text | None = Field(default=None, max_length=200)
    timestamp: int = Field(ge=0, le=32_503_680_000)
    type: Text = Field(max_length=50)
    context: Context = Context()

    @property
    def body(self) -> dict[str, JsonValue]:
        """The part that is named after the type."""
        part = (self.model_extra or {}).get(self.type)
        return part if isinstance(part, dict) else {}


class Metadata(_Part):
    """Which of our numbers it is about."""

    phone_number_id: Text = Field(min_length=1, max_length=100)


class Value(_Part):
    """What happened to one number."""

    metadata: Metadata
    contacts: tuple[ContactPart, ...] = ()
    messages: tuple[MessagePart, ...] = ()


class Change(_Part):
    """One change; only those of the field `messages` are ours."""

    field: str
    value: dict[str, Any]


class Entry(_Part):
    """One business account."""

    changes: tuple[Change, ...] = ()


class Webhook(_Part):
    """One call; it may carry many messages of many numbers."""

    object: str
    entry: tuple[Entry, ...] = ()


class Inbound(BaseModel):
    """One message of a customer, read."""

    model_config = ConfigDict(frozen=True)

    phone_number_id: str
    external_message_id: str
    sender: Sender
    message_type: MessageType
    content: str
    attachments: tuple[Attachment, ...]
    reply_to_external_id: str | None
    sent_at: datetime
    raw: str
    """The message's own part of the webhook, as JSON."""


def is_signed(app_secret: str, body: bytes, signature: str | None) -> bool:
    """Tell whether `signature` is the HMAC-SHA256 of the raw body. Takes the same time whether or not it is."""
    expected = "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), (signature or "").encode())


def read(body: bytes) -> list[Inbound]:
    """Return every message in a webhook, of every number; one that names no sender is left out. Raises NotWhatsApp where the form is wrong."""
    try:
        webhook = Webhook.model_validate_json(body)
        if webhook.object != "whatsapp_business_account":
            raise NotWhatsApp("object must be whatsapp_business_account")
        values = [Value.model_validate(change.value) for entry in webhook.entry for change in entry.changes if change.field == "messages"]
    except ValueError:
        raise NotWhatsApp("the body is not JSON of the WhatsApp Cloud API's form (object, entry, changes, value)") from None
    return [inbound for value in values for inbound in _messages(value)]


def _messages(value: Value) -> Iterator[Inbound]:
    names = {name: contact for contact in value.contacts for name in (contact.wa_id, contact.user_id) if name}
    for message in value.messages:
        contact = names.get(message.sender or "") or names.get(message.from_user_id or "")
        sender = _sender(message, contact)
        if sender:
            yield Inbound(
                phone_number_id=value.metadata.phone_number_id,
                external_message_id=message.id,
                sender=sender,
                message_type=TYPES.get(message.type, MessageType.TEXT),
                content=_content(message),
                attachments=_attachments(message),
                reply_to_external_id=message.context.id,
                sent_at=datetime.fromtimestamp(message.timestamp, UTC),
                raw=message.model_dump_json(by_alias=True),
            )


def _sender(message: MessagePart, contact: ContactPart | None) -> Sender | None:
    number = (message.sender or (contact and contact.wa_id) or "").lstrip("+")
    user_id = message.from_user_id or (contact.user_id if contact else None)
    if not number and not user_id:
        return None
    display_name = contact.profile.name if contact else None
    return Sender(address=f"+{number}" if number else str(user_id), external_user_id=user_id or None, display_name=display_name or None)


def _content(message: MessagePart) -> str:
    match message.type, message.body:
        case ("text", {"body": str(text)}) | (_, {"caption": str(text)}):
            pass
        case "interactive", {"button_reply": {"title": str(text)}} | {"list_reply": {"title": str(text)}}:
            pass
        case "button", {"text": str(text)} | {"payload": str(text)}:
            pass
        case _:
            return ""
    return _clean(text)[:20_000]


def _attachments(message: MessagePart) -> tuple[Attachment, ...]:
    if message.type not in MEDIA_TYPES:
        return ()
    part = {name: _clean(value) for name, value in message.body.items() if isinstance(value, str)}
    return (
        Attachment(
            external_id=part.get("id", "")[:500] or None,
            mime_type=part.get("mime_type", "")[:200] or None,
            filename=part.get("filename", "")[:500] or None,
            sha256=part.get("sha256", "")[:100] or None,
        ),
    )
