"""The WhatsApp Cloud API, inbound: checking who calls, and reading what came.

Form and signature: Meta's documentation of the WhatsApp Business Platform, webhooks.
"""

import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from libs.channels import whatsapp_content
from libs.channels.inbound import Amendment, Ignored, Inbound, Incoming, NotUnderstood, Status, Text, our_id
from schemas.contact import Channel, Sender
from schemas.integration_changed import Provider
from schemas.message import MessageStatus, MessageType

SIGNATURE_HEADER = "X-Hub-Signature-256"
PROVIDER = Provider.META
STATUSES = {
    "sent": MessageStatus.SENT,
    "delivered": MessageStatus.DELIVERED,
    "read": MessageStatus.READ,
    "played": MessageStatus.READ,
    "failed": MessageStatus.FAILED,
}


class NotWhatsApp(NotUnderstood):
    """The body is not a webhook of the WhatsApp Cloud API."""


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
    def body(self) -> JsonValue:
        """The part that is named after the type."""
        return (self.model_extra or {}).get(self.type)


class StatusError(_Part):
    """Why a message of ours failed."""

    code: int


class StatusPart(BaseModel):
    """What became of one of our messages."""

    model_config = ConfigDict(frozen=True, extra="allow")

    id: Text = Field(min_length=1, max_length=500)
    status: Text = Field(max_length=50)
    timestamp: int = Field(ge=0, le=32_503_680_000)
    recipient_id: Text | None = Field(default=None, max_length=200)
    biz_opaque_callback_data: str | None = None
    errors: tuple[StatusError, ...] = ()


class Metadata(_Part):
    """Which of our numbers it is about."""

    phone_number_id: Text = Field(min_length=1, max_length=100)


class Value(_Part):
    """What happened to one number."""

    metadata: Metadata
    contacts: tuple[ContactPart, ...] = ()
    messages: tuple[MessagePart, ...] = ()
    statuses: tuple[StatusPart, ...] = ()


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


def is_signed(app_secret: str, body: bytes, signature: str | None) -> bool:
    """Tell whether `signature` is the HMAC-SHA256 of the raw body. Takes the same time whether or not it is."""
    expected = "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), (signature or "").encode())


def read(body: bytes) -> list[Incoming]:
    """Return all that a webhook tells, of every number; what names no person is left out. Raises NotWhatsApp where the form is wrong."""
    try:
        webhook = Webhook.model_validate_json(body)
        if webhook.object != "whatsapp_business_account":
            raise NotWhatsApp("object must be whatsapp_business_account")
        values = [Value.model_validate(change.value) for entry in webhook.entry for change in entry.changes if change.field == "messages"]
    except ValueError:
        raise NotWhatsApp("the body is not JSON of the WhatsApp Cloud API's form (object, entry, changes, value)") from None
    return [incoming for value in values for incoming in (*_messages(value), *_statuses(value))]


def _messages(value: Value) -> Iterator[Incoming]:
    account = value.metadata.phone_number_id
    names = {name: contact for contact in value.contacts for name in (contact.wa_id, contact.user_id) if name}
    for message in value.messages:
        contact = names.get(message.sender or "") or names.get(message.from_user_id or "")
        if sender := _sender(message, contact):
            yield _message(account, message, sender)


def _message(account: str, message: MessagePart, sender: Sender) -> Incoming:
    body = message.body
    match message.type, body:
        case "edit" | "revoke", _:
            return _amendment(account, message, sender)
        case "reaction", {"emoji": str(emoji), "message_id": str(reacted_to)} if emoji:
            return _inbound(account, message, sender, body, Context.model_construct(id=_external_id(reacted_to)))
        case "reaction", _:
            return _ignored(account, message)
        case kind, _ if kind in whatsapp_content.SAYS_NOTHING:
            return _ignored(account, message)
        case _:
            return _inbound(account, message, sender, body, message.context)


def _inbound(account: str, message: MessagePart, sender: Sender, body: JsonValue, context: Context) -> Inbound:
    parts = whatsapp_content.parts(message.type, body)
    unread = whatsapp_content.unread_cart_items(body, parts) if message.type == "order" else 0
    return Inbound(
        channel=Channel.WHATSAPP,
        account=account,
        external_message_id=message.id,
        sender=sender,
        message_type=whatsapp_content.TYPES.get(message.type, MessageType.TEXT),
        content=whatsapp_content.content(message.type, body),
        attachments=whatsapp_content.attachments(message.type, body),
        parts=parts,
        reply_to_external_id=context.id,
        sent_at=datetime.fromtimestamp(message.timestamp, UTC),
        metadata={"unread_cart_items": unread} if unread else {},
        raw=message.model_dump_json(by_alias=True),
    )


def _amendment(account: str, message: MessagePart, sender: Sender) -> Amendment | Ignored:
    match message.type, message.body:
        case "edit", {"original_message_id": str(original), "message": {"type": str(kind), **edited}}:
            content = whatsapp_content.content(kind, edited.get(kind))
        case "revoke", {"original_message_id": str(original)}:
            content = None
        case _:
            return _ignored(account, message)
    if not (amends := _external_id(original)):
        return _ignored(account, message)
    return Amendment(
        channel=Channel.WHATSAPP,
        account=account,
        external_message_id=message.id,
        amends=amends,
        address=sender.address,
        content=content,
        amended_at=datetime.fromtimestamp(message.timestamp, UTC),
        raw=message.model_dump_json(by_alias=True),
    )


def _ignored(account: str, message: MessagePart) -> Ignored:
    return Ignored(account=account, external_message_id=message.id, raw=message.model_dump_json(by_alias=True))


def _external_id(text: str) -> str | None:
    return text.replace("\x00", "")[:500] or None


def _statuses(value: Value) -> Iterator[Status]:
    for part in value.statuses:
        status, recipient = STATUSES.get(part.status), (part.recipient_id or "").lstrip("+")
        if status and recipient:
            yield Status(
                channel=Channel.WHATSAPP,
                account=value.metadata.phone_number_id,
                external_message_id=part.id,
                message_id=our_id(part.biz_opaque_callback_data),
                address=f"+{recipient}" if recipient.isdecimal() else recipient,
                status=status,
                status_at=datetime.fromtimestamp(part.timestamp, UTC),
                error_code=str(part.errors[0].code) if part.errors else None,
                raw=part.model_dump_json(),
            )


def _sender(message: MessagePart, contact: ContactPart | None) -> Sender | None:
    number = (message.sender or (contact and contact.wa_id) or "").lstrip("+")
    user_id = message.from_user_id or (contact.user_id if contact else None)
    if not number and not user_id:
        return None
    display_name = contact.profile.name if contact else None
    return Sender(address=f"+{number}" if number else str(user_id), external_user_id=user_id or None, display_name=display_name or None)
