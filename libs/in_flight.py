"""Calls to the outside from a queue: claim what is due, keep many under way, record how they ended."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog

from libs.retry import Stopping, is_transient

log = structlog.get_logger()

Work = TypeVar("Work")
Outcome = TypeVar("Outcome")

LOOK_AGAIN_SECONDS = 0.1
"""While work is under way, more is looked for this often."""
SETTLE_SECONDS = 0.005
"""Work that ends within this time is recorded together."""


async def work_off(
    due: Sequence[Work],
    claim: Callable[[Sequence[Work]], Awaitable[Sequence[Work]]],
    act: Callable[[Work], Awaitable[Outcome]],
    record: Callable[[Sequence[tuple[Work, Outcome]]], Awaitable[None]],
) -> int:
    """Do `due`, and whatever `claim`, told of what is under way, returns meanwhile. Returns how much was tried.

    `act` goes on outside any transaction; an error of its own ends the job. `record` and `act` raise Stopping when the process is to end: what is
    under way then is cancelled and left to be claimed again when its lease is over.
    """
    under_way: dict[asyncio.Future[Outcome], Work] = {}
    tried = 0
    try:
        while True:
            under_way |= {asyncio.ensure_future(act(each)): each for each in due}
            tried += len(due)
            if not under_way:
                return tried
            await asyncio.wait(under_way, timeout=LOOK_AGAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            finished, _ = await asyncio.wait(under_way, timeout=SETTLE_SECONDS)
            if finished:
                await record([(under_way.pop(task), task.result()) for task in finished])
            due = await _more(claim, tuple(under_way.values()))
    except Stopping:
        return tried
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def _more(claim: Callable[[Sequence[Work]], Awaitable[Sequence[Work]]], under_way: Sequence[Work]) -> Sequence[Work]:
    """Claim more. Where that fails for a while, what is under way goes on: it would have to be done a second time."""
    try:
        return await claim(under_way)
    except Exception as error:
        if not under_way or not is_transient(error):
            raise
        log.warning("waiting_in_place", doing="claiming more", error=type(error).__name__)
        return ()
