"""The connections by which messages are handed over: to providers that we chose, and to gateways whose addresses others named."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from libs import public_addresses

CALL_TIMEOUT_SECONDS = 15.0
CONNECT_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Sessions:
    """`gateways` reaches public addresses only."""

    providers: aiohttp.ClientSession
    gateways: aiohttp.ClientSession


@asynccontextmanager
async def open_sessions(at_once: int, *, allow_loopback: bool) -> AsyncGenerator[Sessions]:
    """Open sessions that go through no proxy and keep no cookies."""
    limits = aiohttp.ClientTimeout(total=CALL_TIMEOUT_SECONDS, sock_connect=CONNECT_TIMEOUT_SECONDS)
    public = aiohttp.TCPConnector(limit=at_once, socket_factory=public_addresses.opener(allow_loopback=allow_loopback))
    async with (
        aiohttp.ClientSession(timeout=limits, connector=aiohttp.TCPConnector(limit=at_once), cookie_jar=aiohttp.DummyCookieJar()) as providers,
        aiohttp.ClientSession(timeout=limits, connector=public, cookie_jar=aiohttp.DummyCookieJar()) as gateways,
    ):
        yield Sessions(providers, gateways)
