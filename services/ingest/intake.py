"""Storing what came in: requests that wait at the same time share one transaction, and each is answered when it is committed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from libs.refused import Refused
from libs.service import Service
from services.ingest.record import Routed, record

MOST_WAITING = 2_000
STORED_WITHIN_SECONDS = 5.0


class TooMuchAtOnce(Refused):
    """More is waiting to be stored than can be."""

    status = 503


class TokenUsed(Refused):
    """A call that may come once has come again."""

    status = 406
    """Tells Mailgun not to try once more."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    items: Sequence[Routed]
    stored: "asyncio.Future[None]"


class Intake:
    """What waits to be stored, in this process."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []

    async def store(self, service: Service, items: Sequence[Routed]) -> None:
        """Return when `items` are committed together with their events. Raises TooMuchAtOnce, TokenUsed, or what the database raised."""
        if len(self._waiting) >= MOST_WAITING:
            raise TooMuchAtOnce("too many messages wait to be stored; try again in a few seconds")
        waiting = _Waiting(items, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        service.wake_jobs()
        await waiting.stored

    async def store_waiting(self, service: Service) -> int:
        """Job: store everything that waits in one transaction; when that fails, each request in its own. Who has gone away is left out."""
        taken, self._waiting = [waiting for waiting in self._waiting if not waiting.stored.done()], []
        if not taken:
            return 0
        try:
            refused = await record(service, [item for waiting in taken for item in waiting.items])
        except Exception:
            for waiting in taken:
                await _store_alone(service, waiting)
        else:
            for waiting in taken:
                _answer(waiting, _token_used(waiting, refused))
        return len(taken)


async def _store_alone(service: Service, waiting: _Waiting) -> None:
    try:
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
