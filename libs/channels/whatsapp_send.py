"""Sending by Meta's WhatsApp Cloud API: `POST /{phone_number_id}/messages`."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import aiohttp
from pydantic import SecretStr

from libs.channels.http_send import Answer, post, refusal
from libs.channels.send_result import Accepted, SendResult

PASSING = {"1", "2", "4", "80007", "130429", "131000", "131016", "131048", "131056", "131057", "133004"}
"""Error codes that pass with time, whatever status Meta sends them with: limits of rate, services that are away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatsAppCloud:
    """Where the API is and the token that it asks for."""

    session: aiohttp.ClientSession
    url: str
    access_token: SecretStr


async def send_text(cloud: WhatsAppCloud, phone_number_id: str, to: str, text: str, message_id: UUID) -> SendResult:
    """Send `text` to the E.164 number `to`. Our `message_id` comes back with each status of the message.

    Never raises for what the network or the provider does.
    """
    return await _send(cloud, phone_number_id, to, message_id, {"type": "text", "text": {"preview_url": False, "body": text}})


async def send_template(cloud: WhatsAppCloud, phone_number_id: str, to: str, name: str, language: str, text: str, message_id: UUID) -> SendResult:
    """Send the approved template `name` with `text` in its only place, as is allowed at any time. Otherwise as `send_text`."""
    body = {"type": "body", "parameters": [{"type": "text", "text": in_one_line(text)}]}
    content = {"name": name, "language": {"code": language}, "components": [body]}
    return await _send(cloud, phone_number_id, to, message_id, {"type": "template", "template": content})


def in_one_line(text: str) -> str:
    """Return `text` as the place of a template takes it: no line ends, no tabs, no run of spaces."""
    return " · ".join(" ".join(line.split()) for line in text.splitlines() if line.strip())


async def _send(cloud: WhatsAppCloud, phone_number_id: str, to: str, message_id: UUID, content: dict[str, Any]) -> SendResult:
    about = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": to, "biz_opaque_callback_data": str(message_id)}
    headers = {"Authorization": f"Bearer {cloud.access_token.get_secret_value()}"}
    answer = await post(cloud.session, f"{cloud.url}/{quote(phone_number_id, safe='')}/messages", headers, body=about | content)
    if not isinstance(answer, Answer):
        return answer
    match answer.body:
        case {"messages": [{"id": str(wamid)}, *_]} if answer.status == HTTPStatus.OK:
            return Accepted(wamid)
        case {"error": {"code": int(code)}}:
            return refusal(answer, str(code), PASSING)
        case _:
            return refusal(answer)
