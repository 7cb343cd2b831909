"""Twilio, inbound: SMS and WhatsApp messages and the words on ours, posted as forms.

Form and signature: Twilio's documentation, "Twilio's request to your webhook URL" and "Webhooks security".
"""

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from libs.channels.inbound import MOST_ADDRESS, MOST_EXTERNAL_ID, NO_PARTS, Ignored, Inbound, Incoming, NotUnderstood, Status, clean, our_id
from schemas.attachment import Attachment
from schemas.contact import Channel, Sender
from schemas.message import MessageParts, MessageStatus, MessageType

SIGNATURE_HEADER = "X-Twilio-Signature"
MESSAGE_ID = "message_id"
"""In the query of a status callback: our id of the message."""
NOTHING_TO_SAY = "<?xml version='1.0' encoding='UTF-8'?><Response/>"
WHATSAPP_PREFIX = "whatsapp:"
MOST_MEDIA = 20
MOST_URL = 2_000
PORTS = {"https": 443, "http": 80}

STATUSES = {
    "sent": MessageStatus.SENT,
    "partially_delivered": MessageStatus.DELIVERED,
    "delivered": MessageStatus.DELIVERED,
    "read": MessageStatus.READ,
    "failed": MessageStatus.FAILED,
    "undelivered": MessageStatus.FAILED,
    "canceled": MessageStatus.FAILED,
}
"""The other statuses come before a message has left Twilio: they tell nothing that is not known."""
CONSENT = {"STOP": False, "START": True}
"""What Twilio's advanced opt-out made of a message."""

Parameters = Sequence[tuple[str, str]]


def is_signed(auth_token: str, url: str, parameters: Parameters, signature: str | None) -> bool:
    """Tell whether `signature` is that of the public `url`, with or without its port, and of the form's parameters."""
    values: dict[str, set[str]] = {}
    for name, value in parameters:
        values.setdefault(name, set()).add(value)
    form = "".join(name + value for name in sorted(values) for value in sorted(values[name]))
    given = (signature or "").encode(errors="replace")
    expected = [_signature(auth_token, each + form) for each in _with_and_without_port(url)]
    return any(hmac.compare_digest(each, given) for each in expected)


def read(parameters: Parameters, now: datetime) -> list[Incoming]:
    """Return the message that was posted. Twilio does not tell when it was sent. Raises NotUnderstood."""
    form = dict(parameters)
    channel, account = _our_side(_needed(form, "To", MOST_ADDRESS))
    external_id, sender = _needed(form, "MessageSid", MOST_EXTERNAL_ID), _address(_needed(form, "From", MOST_ADDRESS))
    raw = _raw(parameters)
    if not sender:
        return [Ignored(account=account, external_message_id=external_id, raw=raw)]
    attachments = tuple(_attachments(form))
    return [
        Inbound(
            channel=channel,
            account=account,
            external_message_id=external_id,
            sender=Sender(address=sender, display_name=clean(form.get("ProfileName", ""), 200) or None),
            message_type=_type(form, attachments),
            content=clean(form.get("Body") or _location(form)),
            attachments=attachments,
            parts=_parts(form),
            reply_to_external_id=clean(form.get("OriginalRepliedMessageSid", ""), MOST_EXTERNAL_ID) or None,
            sent_at=now,
            may_write=CONSENT.get(form.get("OptOutType", "")),
            raw=raw,
        )
    ]


def read_status(parameters: Parameters, message_id: str | None, now: datetime) -> list[Incoming]:
    """Return what became of our message `message_id`, as the address says that was called; nothing where it is no news. Raises NotUnderstood."""
    form = dict(parameters)
    status = STATUSES.get(_needed(form, "MessageStatus", 50).lower())
    external_id = _needed(form, "MessageSid", MOST_EXTERNAL_ID)
    channel, account = _our_side(_needed(form, "From", MOST_ADDRESS))
    recipient = _address(_needed(form, "To", MOST_ADDRESS))
    if not status or not recipient:
        return []
    return [
        Status(
            channel=channel,
            account=account,
            external_message_id=external_id,
            message_id=our_id(message_id),
            address=recipient,
            status=status,
            status_at=now,
            error_code=clean(form.get("ErrorCode", ""), 100) or None,
            raw=_raw(parameters),
        )
    ]


def _signature(auth_token: str, signed: str) -> bytes:
    return b64encode(hmac.new(auth_token.encode(), signed.encode(errors="replace"), hashlib.sha1).digest())


def _with_and_without_port(url: str) -> tuple[str, ...]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return (url,)
    if port:
        return url, parts._replace(netloc=parts.netloc.removesuffix(f":{port}")).geturl()
    return url, parts._replace(netloc=f"{parts.netloc}:{PORTS.get(parts.scheme, 80)}").geturl()


def _needed(form: Mapping[str, str], name: str, most: int) -> str:
    value = form.get(name, "").replace("\x00", "")
    if not 0 < len(value) <= most:
        raise NotUnderstood(f"{name} must be in the form, with at most {most} characters")
    return value


def _our_side(account: str) -> tuple[Channel, str]:
    return Channel.WHATSAPP if account.startswith(WHATSAPP_PREFIX) else Channel.SMS, _address(account)


def _address(number: str) -> str:
    return number.removeprefix(WHATSAPP_PREFIX).strip()


def _type(form: Mapping[str, str], attachments: Sequence[Attachment]) -> MessageType:
    if form.get("ButtonPayload") or form.get("ListId"):
        return MessageType.INTERACTIVE
    if form.get("Latitude"):
        return MessageType.LOCATION
    if not attachments:
        return MessageType.TEXT
    match (attachments[0].mime_type or "").partition("/")[0]:
        case "image":
            return MessageType.IMAGE
        case "audio":
            return MessageType.AUDIO
        case _:
            return MessageType.FILE


def _location(form: Mapping[str, str]) -> str:
    point = ", ".join(form[name] for name in ("Latitude", "Longitude") if form.get(name))
    return "\n".join(part for part in (form.get("Label"), form.get("Address"), point) if part)


def _parts(form: Mapping[str, str]) -> MessageParts:
    choice = clean(form.get("ButtonPayload") or form.get("ListId") or "", 256)
    return MessageParts(choice_id=choice) if choice else NO_PARTS


def _attachments(form: Mapping[str, str]) -> Iterator[Attachment]:
    for number in range(MOST_MEDIA):
        url = form.get(f"MediaUrl{number}", "").replace("\x00", "")
        if 0 < len(url) <= MOST_URL:
            yield Attachment(url=url, mime_type=clean(form.get(f"MediaContentType{number}", ""), 200) or None)


def _raw(parameters: Parameters) -> str:
    return json.dumps(sorted(parameters), ensure_ascii=True)
