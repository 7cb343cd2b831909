"""A load of prepared HTTP requests over kept-alive connections, as wrk makes it: closed loop for the rate, open loop for the latency."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count
from typing import cast

import httptools

Requests = Iterator[bytes]


@dataclass(slots=True)
class Answers:
    """What came back: how many answers of each status, and how many milliseconds each took."""

    statuses: dict[int, int] = field(default_factory=dict[int, int])
    milliseconds: list[float] = field(default_factory=list[float])
    seconds: float = 0.0

    def note(self, status: int, milliseconds: float) -> None:
        """Count one answer."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.milliseconds.append(milliseconds)

    @property
    def ok(self) -> int:
        """How many were answered with 200."""
        return self.statuses.get(HTTPStatus.OK, 0)


class _Connection(asyncio.Protocol):
    """One connection with one request under way at a time."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._answered: asyncio.Future[int] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        if self._answered:
            self._answered.set_result(self._parser.get_status_code())
        self._parser = httptools.HttpResponseParser(self)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answered and not self._answered.done():
            self._answered.set_exception(exc or ConnectionResetError("the server closed the connection"))

    async def send(self, request: bytes) -> int:
        assert self._transport
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answered

    def close(self) -> None:
        if self._transport:
            self._transport.close()


async def as_fast_as_answered(host: str, port: int, requests: Requests, connections: int, seconds: float) -> Answers:
    """Send over each connection the next request as soon as the last is answered."""
    answers, until = Answers(), time.perf_counter() + seconds

    async def one(connection: _Connection) -> None:
        while (began := time.perf_counter()) < until:
            answers.note(await connection.send(next(requests)), (time.perf_counter() - began) * 1000)

    await _over(host, port, connections, one, answers)
    return answers


async def at_a_rate(host: str, port: int, requests: Requests, connections: int, rate: float, seconds: float) -> Answers:
    """Send `rate` requests a second, each at its time. A latency counts from the time at which the request was due, sent or not."""
    answers, places, begun = Answers(), count(), time.perf_counter()

    async def one(connection: _Connection) -> None:
        while (due := begun + next(places) / rate) < begun + seconds:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            answers.note(await connection.send(next(requests)), (time.perf_counter() - due) * 1000)

    await _over(host, port, connections, one, answers)
    return answers


async def _over(host: str, port: int, connections: int, work: Callable[[_Connection], Awaitable[None]], answers: Answers) -> None:
    loop = asyncio.get_running_loop()
    opened = [(await loop.create_connection(_Connection, host, port))[1] for _ in range(connections)]
    begun = time.perf_counter()
    try:
        await asyncio.gather(*(work(connection) for connection in opened))
    finally:
        answers.seconds = time.perf_counter() - begun
        for connection in opened:
            connection.close()
