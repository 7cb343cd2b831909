"""Sending by a gateway of your own: a POST to the address that its owner named, signed as Standard Webhooks has it."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from uuid import UUID

import aiohttp
from pydantic import SecretStr
from pydantic_core import to_json

from libs.channels import gateway
from libs.channels.http_send import Answer, post, refusal
from libs.channels.inbound import MOST_EXTERNAL_ID, clean
from libs.channels.mail_send import once_more
from libs.channels.send_result import Accepted, SendResult

MOST_CODE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """Where it is and the secret that both sides know; `session` reaches public addresses only."""

    session: aiohttp.ClientSession
    url: str
    secret: SecretStr


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What it is to send. `subject` and `answers`, the mail that it answers, are those of a mail."""

    message_id: UUID
    conversation_id: UUID
    channel: str
    account: str
    to: str
    text: str
    subject: str | None = None
    answers: str | None = None


async def send(way: Gateway, reply: Reply, now: datetime) -> SendResult:
    """Send `reply`; `webhook-id` is our message id, the same over all attempts, so that the gateway can tell a repeat. Never raises."""
    told = {
        "message_id": reply.message_id,
        "conversation_id": reply.conversation_id,
        "channel": reply.channel,
        "account": reply.account,
        "to": reply.to,
        "text": reply.text,
        "subject": reply.subject,
        "reply_to": reply.answers,
    }
    body = to_json({name: value for name, value in told.items() if value is not None})
    headers = {"Content-Type": "application/json", **gateway.headers(way.secret.get_secret_value(), str(reply.message_id), body, now)}
    answer = await post(way.session, way.url, headers, raw=body)
    if not isinstance(answer, Answer):
        return once_more(answer)
    if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        match answer.body:
            case {"id": str(external_id)} if clean(external_id).strip():
                return Accepted(clean(external_id, MOST_EXTERNAL_ID))
            case _:
                return Accepted(str(reply.message_id))
    code = answer.body.get("code")
    return once_more(refusal(answer, clean(code, MOST_CODE) if isinstance(code, str) and code else None))
