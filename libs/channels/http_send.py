"""One call to a provider's API, and what its answer means whoever the provider is."""

import json
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import aiohttp

from libs.channels.send_result import Rejected, SendResult, TryLater, Unconfirmed
from libs.public_addresses import AddressRefused

MOST_ANSWER_BYTES = 65_536
PASSING = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
OF_A_GATEWAY = (HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT)
"""Said by a server in between, which does not know what the API behind it did."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `body` is empty unless it was a JSON object, `pause` is what Retry-After asks for."""

    status: int
    headers: Mapping[str, str]
    body: dict[str, Any]
    pause: timedelta


async def post(
    session: aiohttp.ClientSession,
    url: str,
    headers: Mapping[str, str],
    *,
    body: object = None,
    form: Mapping[str, str] | None = None,
    raw: bytes | None = None,
) -> Answer | TryLater | Unconfirmed:
    """Post `body` as JSON, or a form, or bytes. Never raises for what the network or the provider does."""
    try:
        async with session.post(url, headers=headers, json=body, data=form if raw is None else raw, allow_redirects=False) as response:
            read = await _beginning(response.content)
            return Answer(response.status, response.headers, _parse(read), asked_pause(response.headers.get("Retry-After", "")))
    except aiohttp.ClientConnectorError as error:
        return TryLater("ADDRESS_NOT_PUBLIC" if isinstance(error.os_error, AddressRefused) else "UNREACHABLE")
    except aiohttp.ConnectionTimeoutError:
        return TryLater("UNREACHABLE")
    except TimeoutError:
        return Unconfirmed("TIMEOUT")
    except aiohttp.ClientError:
        return Unconfirmed("CONNECTION_LOST")


def refusal(answer: Answer, code: str | None = None, passing: Container[str] = ()) -> SendResult:
    """Return what an answer that names no message of the provider's means. `code` is its own code, `passing` are those that pass with time."""
    if answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return Unconfirmed("ANSWER_WITHOUT_ID")
    error_code = code or f"HTTP_{answer.status}"
    if answer.status in OF_A_GATEWAY:
        return Unconfirmed(error_code)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status in PASSING or error_code in passing:
        return TryLater(error_code, answer.pause)
    return Rejected(error_code)


def asked_pause(retry_after: str) -> timedelta:
    """Read Retry-After: seconds, or a date. Anything else asks for nothing."""
    if retry_after.isdecimal():
        return timedelta(seconds=int(retry_after[:9]))
    try:
        return max(parsedate_to_datetime(retry_after) - datetime.now(UTC), timedelta())
    except (ValueError, TypeError):
        return timedelta()


async def _beginning(content: aiohttp.StreamReader) -> bytes:
    read = bytearray()
    while len(read) < MOST_ANSWER_BYTES and (chunk := await content.read(MOST_ANSWER_BYTES - len(read))):
        read += chunk
    return bytes(read)


def _parse(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}
