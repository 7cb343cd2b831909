"""Waiting for what will pass: which errors are transient, and how long to stay in place."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
import asyncpg
import structlog
from aiokafka.errors import KafkaError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential_jitter

log = structlog.get_logger()

Result = TypeVar("Result")

LONGEST_PAUSE = 15.0

TRANSIENT_SQLSTATES = ("08", "25", "40", "42", "53", "55", "57", "58", "XX")
"""Connections, transactions that lost a race, resources, locks, shutdowns, and a schema that is not migrated yet."""
RLS_VIOLATION = "42501"
PASSING = (asyncpg.InterfaceError, asyncpg.InternalClientError, KafkaError, OSError, TimeoutError, aiohttp.ClientError)
"""Errors of the network and of servers that are away."""


class Stopping(Exception):
    """The process is asked to stop; what is in hand is left to be repeated."""


def is_transient(error: BaseException) -> bool:
    """Tell whether the same work may succeed later without anybody changing it."""
    if isinstance(error, asyncpg.PostgresError):
        return error.sqlstate[:2] in TRANSIENT_SQLSTATES and error.sqlstate != RLS_VIOLATION
    return isinstance(error, PASSING)


def is_permanent_in_database(error: BaseException) -> bool:
    """Tell whether the database refused the values themselves: a broken constraint, a value out of range, a foreign tenant.

    A unique key that is taken may be a race that was lost, and is not counted here.
    """
    return isinstance(error, asyncpg.PostgresError) and not is_transient(error) and not isinstance(error, asyncpg.UniqueViolationError)


async def until_it_works(operation: Callable[[], Awaitable[Result]], stopping: asyncio.Event, doing: str) -> Result:
    """Repeat `operation` while its errors are transient, with growing pauses of at most 15 s, for as long as it takes.

    Raises Stopping as soon as `stopping` is set during a pause, and any error that is not transient.
    """

    async def pause(seconds: float) -> None:
        try:
            await asyncio.wait_for(stopping.wait(), seconds)
        except TimeoutError:
            return
        raise Stopping

    def tell(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        log.warning("waiting_in_place", doing=doing, attempt=state.attempt_number, error=type(error).__name__)

    retrying = AsyncRetrying(
        retry=retry_if_exception(is_transient),
        wait=wait_exponential_jitter(multiplier=0.1, max=LONGEST_PAUSE),
        sleep=pause,
        before_sleep=tell,
        reraise=True,
    )

    async def attempt() -> Result:
        return await operation()

    try:
        return await operation()
    except Exception as error:
        if not is_transient(error):
            raise
    return await retrying(attempt)
