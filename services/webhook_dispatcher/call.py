"""One attempt: an HTTP POST, and what came back."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp
import structlog

from libs import public_addresses
from libs.public_addresses import AddressRefused
from services.webhook_dispatcher.domain import Answer, NoAnswer, Response

log = structlog.get_logger()

KEPT_BODY_BYTES = 1_024
KEPT_HEADERS = 40
KEPT_HEADER_CHARACTERS = 500
SECRET_HEADERS = ("set-cookie", "authorization", "proxy-authenticate")
USER_AGENT = "Comanda-Webhooks/1"


def open_session(at_once: int, *, allow_loopback: bool) -> aiohttp.ClientSession:
    """Return a session that keeps connections open, goes through no proxy, keeps no cookies and reaches public addresses only."""
    connector = aiohttp.TCPConnector(limit=at_once, socket_factory=public_addresses.opener(allow_loopback=allow_loopback))
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        headers={"User-Agent": USER_AGENT, "Content-Type": "application/json", "Accept-Encoding": "identity"},
    )


async def post(session: aiohttp.ClientSession, url: str, headers: dict[str, str], body: bytes, timeout_seconds: int) -> Response:
    """Post `body` once. Never raises for what the endpoint or the way to it does."""
    timeout = aiohttp.ClientTimeout(total=timeout_seconds)
    try:
        async with session.post(url, data=body, headers=headers, timeout=timeout, allow_redirects=False) as response:
            kept = {name: value[:KEPT_HEADER_CHARACTERS] for name, value in list(response.headers.items())[:KEPT_HEADERS]}
            return Answer(
                status=response.status,
                body=await _beginning(response.content),
                headers={name: value for name, value in kept.items() if name.lower() not in SECRET_HEADERS},
                pause=_asked_pause(response.headers.get("Retry-After", "")),
            )
    except TimeoutError:
        return NoAnswer(f"no answer within {timeout_seconds} s")
    except aiohttp.ClientConnectorError as error:
        return NoAnswer("the address is not public" if isinstance(error.os_error, AddressRefused) else "the endpoint cannot be connected to")
    except aiohttp.ClientError as error:
        return NoAnswer(f"the connection failed: {type(error).__name__}")
    except Exception as error:
        log.exception("webhook_call_failed")
        return NoAnswer(f"the call failed: {type(error).__name__}")


async def _beginning(content: aiohttp.StreamReader) -> str:
    """Read what is kept of a response; the rest is never read. PostgreSQL's text has no NUL."""
    read = bytearray()
    while len(read) < KEPT_BODY_BYTES and (chunk := await content.read(KEPT_BODY_BYTES - len(read))):
        read += chunk
    return read.decode(errors="replace").replace("\x00", "\ufffd")


def _asked_pause(retry_after: str) -> timedelta:
    """Read Retry-After: seconds, or a date. Anything else asks for nothing."""
    if retry_after.isdecimal():
        return timedelta(seconds=int(retry_after[:9]))
    try:
        return max(parsedate_to_datetime(retry_after) - datetime.now(UTC), timedelta())
    except (ValueError, TypeError):
        return timedelta()
