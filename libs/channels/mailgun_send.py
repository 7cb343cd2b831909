"""Sending by Mailgun: `POST /v3/{domain}/messages`."""

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

import aiohttp
from pydantic import SecretStr

from libs.channels.http_send import Answer, post, refusal
from libs.channels.mail_send import Mail, once_more
from libs.channels.send_result import Accepted, SendResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailgun:
    """Where the API is, of the region that the domain lies in, the domain that sends, and the key that the API asks for."""

    session: aiohttp.ClientSession
    url: str
    domain: str
    api_key: SecretStr


async def send_mail(mailgun: Mailgun, mail: Mail) -> SendResult:
    """Send `mail`; our message id is a variable that each event of it repeats. Never raises for what the network or Mailgun does."""
    form = {
        "from": mail.from_header,
        "to": mail.to,
        "subject": mail.subject,
        "text": mail.text,
        "v:message_id": str(mail.message_id),
        "o:tracking-clicks": "no",
    } | {f"h:{name}": value for name, value in mail.headers()}
    headers = {"Authorization": aiohttp.encode_basic_auth("api", mailgun.api_key.get_secret_value())}
    answer = await post(mailgun.session, f"{mailgun.url}/v3/{quote(mailgun.domain, safe='')}/messages", headers, form=form)
    if not isinstance(answer, Answer):
        return once_more(answer)
    match answer.body:
        case {"id": str(external_id)} if answer.status == HTTPStatus.OK:
            return Accepted(external_id)
        case _:
            return once_more(refusal(answer))
