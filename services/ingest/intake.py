"""Storing what came in: requests that wait at the same time share one transaction, and each is answered when it is committed.

What a slow database holds up is bounded: so many calls at once and no more, each for so long and no longer, and what nobody waits for any more is
let go. The provider sends it again.
"""

import asyncio
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from libs.refused import Refused
from libs.service import Service
from services.ingest.record import Routed, record

MOST_CALLS = 2_000
MOST_BYTES = 256_000_000
"""Of the bodies of all calls that are in hand."""
RECORD_WITHIN_SECONDS = 10.0
"""By then every caller has gone, and another connection may fare better."""
AT_ONCE = 500
"""Calls in one transaction."""


class TooMuchAtOnce(Refused):
    """More is in hand than can be."""

    status = 503


class TokenUsed(Refused):
    """A call that may come once has come again."""

    status = 406
    """Tells Mailgun not to try once more."""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    items: Sequence[Routed]
    stored: "asyncio.Future[None]"


class Intake:
    """What waits to be stored, in this process."""

    def __init__(self) -> None:
        self._waiting: dict[_Waiting, None] = {}
        self._calls = 0
        self._bytes = 0

    @contextmanager
    def admitted(self, size: int) -> Generator[None]:
        """Let a call in whose body has at most `size` bytes. Raises TooMuchAtOnce."""
        if self._calls >= MOST_CALLS or self._bytes + size > MOST_BYTES:
            raise TooMuchAtOnce("too many calls are in hand; try again in a few seconds")
        self._calls += 1
        self._bytes += size
        try:
            yield
        finally:
            self._calls -= 1
            self._bytes -= size

    async def store(self, service: Service, items: Sequence[Routed]) -> None:
        """Return when `items` are committed together with their events. Raises TokenUsed, or what the database raised."""
        waiting = _Waiting(items, asyncio.get_running_loop().create_future())
        self._waiting[waiting] = None
        service.wake_jobs()
        try:
            await waiting.stored
        finally:
            self._waiting.pop(waiting, None)

    async def store_waiting(self, service: Service) -> int:
        """Job: store what waits in one transaction; when that fails, each request in its own. Who has gone away is left out."""
        taken = list(self._waiting)[:AT_ONCE]
        for waiting in taken:
            del self._waiting[waiting]
        if not taken:
            return 0
        try:
            async with asyncio.timeout(RECORD_WITHIN_SECONDS):
                refused = await record(service, [item for waiting in taken for item in waiting.items])
        except Exception:
            for waiting in taken:
                await _store_alone(service, waiting)
        else:
            for waiting in taken:
                _answer(waiting, _token_used(waiting, refused))
        return len(taken)


async def _store_alone(service: Service, waiting: _Waiting) -> None:
    if waiting.stored.done():
        return
    try:
        async with asyncio.timeout(RECORD_WITHIN_SECONDS):
            refused = await record(service, waiting.items)
    except Exception as error:
        _answer(waiting, error)
    else:
        _answer(waiting, _token_used(waiting, refused))


def _token_used(waiting: _Waiting, refused: Sequence[Routed]) -> TokenUsed | None:
    if any(item is each for item in waiting.items for each in refused):
        return TokenUsed("this token has been used before; whoever sends again what was signed once is not the provider")
    return None


def _answer(waiting: _Waiting, error: Exception | None) -> None:
    if waiting.stored.done():
        return
    if error:
        waiting.stored.set_exception(error)
    else:
        waiting.stored.set_result(None)
