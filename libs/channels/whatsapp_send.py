"""Sending a text by Meta's WhatsApp Cloud API: `POST /{phone_number_id}/messages`."""

import json
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import aiohttp
from pydantic import SecretStr

from libs.channels.send_result import Accepted, Rejected, SendResult, TryLater

RATE_LIMIT_CODES = {4, 80007, 130429, 131048, 131056}
"""Error codes that Meta may send with a status 400 although they pass with time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatsAppCloud:
    """Where the API is and the token that it asks for."""

    session: aiohttp.ClientSession
    url: str
    access_token: SecretStr


async def send_text(cloud: WhatsAppCloud, phone_number_id: str, to: str, text: str, message_id: UUID) -> SendResult:
    """Send `text` to the E.164 number `to`. Our `message_id` comes back with each status of the message.

    Never raises for what the network or the provider does; when no answer came, the provider may have taken the message all the same.
    """
    body = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": to,
        "type": "text",
        "text": {"preview_url": False, "body": text},
        "biz_opaque_callback_data": str(message_id),
    }
    headers = {"Authorization": f"Bearer {cloud.access_token.get_secret_value()}"}
    address = f"{cloud.url}/{quote(phone_number_id, safe='')}/messages"
    try:
        async with cloud.session.post(address, json=body, headers=headers, allow_redirects=False) as response:
            return _read(response.status, response.headers.get("Retry-After", ""), await response.read())
    except TimeoutError:
        return TryLater("TIMEOUT")
    except aiohttp.ClientError:
        return TryLater("UNREACHABLE")


def _read(status: int, retry_after: str, body: bytes) -> SendResult:
    answer = _parse(body)
    if status == HTTPStatus.OK:
        wamid = _first_message_id(answer)
        return Accepted(wamid) if wamid else Rejected("ANSWER_WITHOUT_ID")
    code = _error_code(answer)
    error_code = str(code) if code is not None else f"HTTP_{status}"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS) or code in RATE_LIMIT_CODES:
        return TryLater(error_code, timedelta(seconds=int(retry_after[:9])) if retry_after.isdecimal() else timedelta())
    return Rejected(error_code)


def _parse(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _first_message_id(answer: dict[str, Any]) -> str | None:
    match answer:
        case {"messages": [{"id": str(wamid)}, *_]}:
            return wamid
        case _:
            return None


def _error_code(answer: dict[str, Any]) -> int | None:
    match answer:
        case {"error": {"code": int(code)}}:
            return code
        case _:
            return None
