"""Sending by SendGrid's v3 API: `POST /v3/mail/send`."""

from dataclasses import dataclass
from http import HTTPStatus

import aiohttp
from pydantic import SecretStr

from libs.channels.http_send import Answer, post, refusal
from libs.channels.mail_send import Mail, once_more
from libs.channels.send_result import Accepted, SendResult


@dataclass(frozen=True, slots=True, kw_only=True)
class SendGrid:
    """Where the API is and the key that it asks for."""

    session: aiohttp.ClientSession
    url: str
    api_key: SecretStr


async def send_mail(sendgrid: SendGrid, mail: Mail) -> SendResult:
    """Send `mail`; our message id is among the custom arguments that each event of it repeats. Never raises for what the network or SendGrid does."""
    body = {
        "personalizations": [{"to": [{"email": mail.to}], "custom_args": {"message_id": str(mail.message_id)}}],
        "from": {"email": mail.sender} | ({"name": mail.sender_name} if mail.sender_name else {}),
        "subject": mail.subject,
        "content": [{"type": "text/plain", "value": mail.text}],
        "headers": dict(mail.headers()),
        "tracking_settings": {"click_tracking": {"enable": False, "enable_text": False}},
    }
    headers = {"Authorization": f"Bearer {sendgrid.api_key.get_secret_value()}"}
    answer = await post(sendgrid.session, f"{sendgrid.url}/v3/mail/send", headers, body=body)
    if not isinstance(answer, Answer):
        return once_more(answer)
    if answer.status == HTTPStatus.ACCEPTED:
        return Accepted(answer.headers.get("X-Message-Id") or mail.own_id)
    return once_more(refusal(answer))
