"""A gateway of your own: messages as JSON, signed as Standard Webhooks has it."""

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from libs.channels.inbound import Inbound, Incoming, NotUnderstood
from schemas.contact import Sender
from schemas.gateway_message import GatewayMessage
from schemas.message import MessageParts

TOLERANCE = timedelta(minutes=5)
SECRET_PREFIX = "whsec_"  # noqa: S105 - the public mark of a secret, not one
MOST_MESSAGES = 500
MOST_PROBLEMS = 5

_Messages = TypeAdapter[GatewayMessage | list[GatewayMessage]](
    Annotated[GatewayMessage | Annotated[list[GatewayMessage], Field(min_length=1, max_length=MOST_MESSAGES)], Field(union_mode="left_to_right")]
)


def is_signed(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Tell whether one of the signatures in `webhook-signature` is that of the id, the time and the raw body, and the time near `now`."""
    message_id, timestamp, signatures = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    try:
        key = b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
        sent_at = datetime.fromtimestamp(int(timestamp[:12]), UTC)
    except (ValueError, OverflowError):
        return False
    digest = hmac.new(key, f"{message_id}.{timestamp}.".encode(errors="replace") + body, hashlib.sha256).digest()
    expected = b"v1," + b64encode(digest)
    return any(hmac.compare_digest(expected, each.encode(errors="replace")) for each in signatures.split(" ")) and abs(now - sent_at) <= TOLERANCE


def read(body: bytes, account: str) -> list[Incoming]:
    """Return the messages, one object or a list; `account` is our side of those that name none. Raises NotUnderstood."""
    if b"\\u0000" in body:
        raise NotUnderstood("the body must not hold the NUL character: PostgreSQL cannot store it")
    try:
        read = _Messages.validate_json(body)
    except ValidationError as error:
        raise NotUnderstood(f"the body must be one message or a list of at most {MOST_MESSAGES}: {_problems(error)}") from None
    return [_inbound(message, account) for message in (read if isinstance(read, list) else [read])]


def _problems(error: ValidationError) -> str:
    """Say what is wrong where, without what was sent."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(str(part) for part in each['loc']) or 'body'}: {each['msg']}" for each in found[:MOST_PROBLEMS])


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
