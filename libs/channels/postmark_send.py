"""Sending by Postmark: `POST /email`."""

from dataclasses import dataclass
from http import HTTPStatus

import aiohttp
from pydantic import SecretStr

from libs.channels.http_send import Answer, post, refusal
from libs.channels.mail_send import Mail, once_more
from libs.channels.send_result import Accepted, SendResult

PASSING = {"100", "429"}
"""Error codes that pass with time: maintenance, limit of rate."""
KEEP_MESSAGE_ID = ("X-PM-KeepID", "true")
"""Without it Postmark writes a Message-ID of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Postmark:
    """Where the API is and the token of the server that sends."""

    session: aiohttp.ClientSession
    url: str
    server_token: SecretStr


async def send_mail(postmark: Postmark, mail: Mail) -> SendResult:
    """Send `mail`; our message id is in the metadata that each event of it repeats. Never raises for what the network or Postmark does."""
    body = {
        "From": mail.from_header,
        "To": mail.to,
        "Subject": mail.subject,
        "TextBody": mail.text,
        "Headers": [{"Name": name, "Value": value} for name, value in (*mail.headers(), KEEP_MESSAGE_ID)],
        "Metadata": {"message_id": str(mail.message_id)},
        "MessageStream": "outbound",
    }
    headers = {"Accept": "application/json", "X-Postmark-Server-Token": postmark.server_token.get_secret_value()}
    answer = await post(postmark.session, f"{postmark.url}/email", headers, body=body)
    if not isinstance(answer, Answer):
        return once_more(answer)
    match answer.body:
        case {"ErrorCode": 0, "MessageID": str(external_id)} if answer.status == HTTPStatus.OK:
            return Accepted(external_id)
        case {"ErrorCode": int(code)} if code:
            return once_more(refusal(answer, str(code), PASSING))
        case _:
            return once_more(refusal(answer))
