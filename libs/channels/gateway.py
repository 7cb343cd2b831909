"""A gateway of your own: messages, and what became of ours, as JSON, signed as Standard Webhooks has it."""

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import Discriminator, Field, Tag, TypeAdapter, ValidationError

from libs.channels.inbound import Inbound, Incoming, NotUnderstood, Status
from schemas.contact import Sender
from schemas.gateway_message import GatewayMessage
from schemas.gateway_status import GatewayStatus
from schemas.message import MessageParts

TOLERANCE = timedelta(minutes=5)
SECRET_PREFIX = "whsec_"  # noqa: S105 - the public mark of a secret, not one
MOST_MESSAGES = 500
MOST_PROBLEMS = 5

MESSAGE, STATUS = "message", "status"


def _kind(item: object) -> str:
    """Tell a status from a message: it says which."""
    return STATUS if isinstance(item, dict) and "status" in item else MESSAGE


Item = Annotated[Annotated[GatewayMessage, Tag(MESSAGE)] | Annotated[GatewayStatus, Tag(STATUS)], Discriminator(_kind)]
_Items = TypeAdapter[list[GatewayMessage | GatewayStatus]](Annotated[list[Item], Field(min_length=1, max_length=MOST_MESSAGES)])


def is_signed(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Tell whether one of the signatures in `webhook-signature` is that of the id, the time and the raw body, and the time near `now`."""
    message_id, timestamp, signatures = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    try:
        expected = _signature(secret, message_id, timestamp, body)
        sent_at = datetime.fromtimestamp(int(timestamp[:12]), UTC)
    except (ValueError, OverflowError):
        return False
    return any(hmac.compare_digest(expected, each.encode(errors="replace")) for each in signatures.split(" ")) and abs(now - sent_at) <= TOLERANCE


def headers(secret: str, message_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """Return what we sign a call with. Raises ValueError for what is no secret."""
    timestamp = str(int(now.timestamp()))
    signature = _signature(secret, message_id, timestamp, body).decode()
    return {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": signature}


def _signature(secret: str, message_id: str, timestamp: str, body: bytes) -> bytes:
    key = b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    return b"v1," + b64encode(hmac.new(key, f"{message_id}.{timestamp}.".encode(errors="replace") + body, hashlib.sha256).digest())


def read(body: bytes, account: str) -> list[Incoming]:
    """Return the messages and statuses, one object or a list; `account` is our side of those that name none. Raises NotUnderstood."""
    if b"\\u0000" in body:
        raise NotUnderstood("the body must not hold the NUL character: PostgreSQL cannot store it")
    try:
        read = _Items.validate_json(body if body.lstrip().startswith(b"[") else b"[" + body + b"]")
    except ValidationError as error:
        raise NotUnderstood(f"the body must be one message or status, or a list of at most {MOST_MESSAGES}: {_problems(error)}") from None
    return [_inbound(item, account) if isinstance(item, GatewayMessage) else _status(item, account) for item in read]


def _problems(error: ValidationError) -> str:
    """Say what is wrong where, without what was sent."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{_place(each['loc'])}: {each['msg']}" for each in found[:MOST_PROBLEMS])


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location if part not in (MESSAGE, STATUS)) or "body"


def _status(item: GatewayStatus, account: str) -> Status:
    return Status(
        channel=item.channel,
        account=account,
        external_message_id=item.id or str(item.message_id),
        message_id=item.message_id,
        address=item.to.lower(),
        status=item.status,
        status_at=item.status_at,
        error_code=item.error_code,
        raw=item.model_dump_json(),
    )


def _inbound(message: GatewayMessage, account: str) -> Inbound:
    return Inbound(
        channel=message.channel,
        account=message.account or account,
        external_message_id=message.id,
        sender=Sender(address=message.sender.lower(), display_name=message.sender_name or None),
        message_type=message.type,
        content=message.text,
        attachments=message.attachments,
        parts=MessageParts(subject=message.subject, choice_id=message.choice_id, cart=message.cart),
        reply_to_external_id=message.reply_to,
        sent_at=message.sent_at,
        raw=message.model_dump_json(),
    )
