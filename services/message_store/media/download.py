"""One file from one address: only from hosts that are named, only so much, and no longer than we wait."""

import hashlib
from collections.abc import AsyncIterable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import BinaryIO

import aiohttp
from yarl import URL

from libs import public_addresses
from libs.public_addresses import AddressRefused
from services.message_store.media.domain import NotFetched

CHUNK_BYTES = 64 * 1024
MOST_REDIRECTS = 3
REDIRECTS = (HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.FOUND, HTTPStatus.SEE_OTHER, HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT)
CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 15.0
TOTAL_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a file is. `headers` prove to the first address who asks, and go to no other; `hosts` are those that it may come from.

    `sha256` is what the provider says when it is asked for the file.
    """

    url: str
    hosts: tuple[str, ...]
    headers: dict[str, str] = field(default_factory=dict[str, str], repr=False)
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """What arrived. `sha256` is in hexadecimal digits, `mime_type` what the server calls it."""

    size_bytes: int
    sha256: str
    mime_type: str | None


def open_session(at_once: int, *, allow_loopback: bool) -> aiohttp.ClientSession:
    """Return a session that goes through no proxy, keeps no cookies, unpacks nothing and reaches public addresses only."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=at_once, socket_factory=public_addresses.opener(allow_loopback=allow_loopback)),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(total=TOTAL_SECONDS, sock_connect=CONNECT_SECONDS, sock_read=SILENCE_SECONDS),
        headers={"User-Agent": "Comanda-Media/1", "Accept-Encoding": "identity"},
    )


async def download(session: aiohttp.ClientSession, source: Source, into: BinaryIO, limit: int, *, allow_http: bool) -> Received:
    """Write the file to `into`. Raises NotFetched."""
    try:
        return await _follow(session, source, into, limit, allow_http=allow_http)
    except TimeoutError:
        raise NotFetched("TIMEOUT") from None
    except aiohttp.ClientConnectorError as error:
        if isinstance(error.os_error, AddressRefused):
            raise NotFetched("ADDRESS_NOT_PUBLIC", for_ever=True) from None
        raise NotFetched("UNREACHABLE") from None
    except (aiohttp.ClientError, ConnectionError):
        raise NotFetched("INTERRUPTED") from None


async def _follow(session: aiohttp.ClientSession, source: Source, into: BinaryIO, limit: int, *, allow_http: bool) -> Received:
    url, headers = parsed(source.url), source.headers
    for _ in range(1 + MOST_REDIRECTS):
        check(url, source.hosts, allow_http=allow_http)
        async with session.get(url, headers=headers, allow_redirects=False) as response:
            if response.status not in REDIRECTS:
                return await _receive(response, into, limit)
            target = url.join(parsed(response.headers.get("Location", "")))
        same_server = (target.scheme, target.host, target.port) == (url.scheme, url.host, url.port)
        url, headers = target, headers if same_server else {}
    raise NotFetched("TOO_MANY_REDIRECTS", for_ever=True)


def parsed(url: str) -> URL:
    """Return an address as it is written: what signs it may depend on every character. Raises NotFetched."""
    try:
        return URL(url, encoded=True)
    except ValueError:
        raise NotFetched("URL_NOT_ALLOWED", for_ever=True) from None


def check(url: URL, hosts: Sequence[str], *, allow_http: bool) -> None:
    """Raise NotFetched unless `url` is https, or http where that is allowed, of one of the hosts, and names no user."""
    if url.scheme not in (("https", "http") if allow_http else ("https",)) or url.user is not None or url.password is not None:
        raise NotFetched("URL_NOT_ALLOWED", for_ever=True)
    host = (url.host or "").lower()
    if not any(host == name or (name.startswith("*.") and host.endswith(name[1:])) for name in hosts):
        raise NotFetched("HOST_NOT_ALLOWED", for_ever=True)


async def _receive(response: aiohttp.ClientResponse, into: BinaryIO, limit: int) -> Received:
    if response.status != HTTPStatus.OK:
        raise NotFetched(f"HTTP_{response.status}")
    if (response.content_length or 0) > limit:
        raise NotFetched("TOO_LARGE", for_ever=True)
    return await keep(response.content.iter_chunked(CHUNK_BYTES), into, limit, response.headers.get("Content-Type"))


async def keep(pieces: AsyncIterable[bytes], into: BinaryIO, limit: int, mime_type: str | None) -> Received:
    """Write a file as it comes and hash it on the way; not a byte more than `limit`. Raises NotFetched."""
    size, digest = 0, hashlib.sha256()
    async for piece in pieces:
        size += len(piece)
        if size > limit:
            raise NotFetched("TOO_LARGE", for_ever=True)
        digest.update(piece)
        into.write(piece)
    if not size:
        raise NotFetched("EMPTY")
    into.flush()
    return Received(size, digest.hexdigest(), mime_type)
