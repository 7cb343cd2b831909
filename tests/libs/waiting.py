"""Waiting for a condition, with a deadline."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

Result = TypeVar("Result")

POLL_SECONDS = 0.02


async def eventually(condition: Callable[[], Awaitable[Result | None]], seconds: float = 30) -> Result:
    """Ask until `condition` returns something true, and return that. Raises AssertionError with its last answer after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (answer := await condition()):
        assert time.monotonic() < deadline, f"after {seconds} s it is still {answer!r}"
        await asyncio.sleep(POLL_SECONDS)
    return answer


async def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Ask until `condition` is true. Raises AssertionError after `seconds`."""

    async def ask() -> bool:
        return condition()

    await eventually(ask, seconds)
