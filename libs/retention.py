"""What is kept for a while only: old rows go in short batches, while everything else goes on.

A table is walked through page by page, so that no insert has to pay for an index on the age of its row. One process of a service does it at a time;
one that is killed leaves nothing half done, and the next begins anew.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog
from prometheus_client import Counter

from libs import postgres
from libs.postgres import Connection, Pool
from libs.retry import is_transient
from libs.settings import Settings

log = structlog.get_logger()

LOCK = 0x0C0_01D
ROWS = 1_000
"""At most so many rows go in one transaction."""
PAGES = 256
"""At most so many pages are read in one, 8 kB each."""
PAUSE_SECONDS = 0.02
PAUSE_AFTER_ERROR_SECONDS = 60.0

DELETED = Counter("comanda_rows_deleted_total", "Rows that had been kept for long enough, by table", ["table"])


@dataclass(frozen=True, slots=True)
class Sweep:
    """One kind of rows that grow old. `batches` deletes some of them at each step, in a transaction of its own, and yields how many."""

    table: str
    batches: Callable[[Connection], AsyncGenerator[int]]


def rows(table: str, older_than: timedelta, *, since: str = "created_at", only: str = "true") -> Sweep:
    """Return the sweep of a table that is open to workers: `since` is the column that says how old a row is, `only` what else must hold of it."""

    async def batches(connection: Connection) -> AsyncGenerator[int]:
        first, end = 0, await select_pages(connection, table)
        while first < end:
            async with postgres.as_worker(connection):
                deleted = await delete_old(connection, table, since, only, older_than, first, PAGES, ROWS)
            yield deleted
            if deleted < ROWS:
                first += PAGES

    return Sweep(table, batches)


def shared(settings: Settings) -> list[Sweep]:
    """Return the sweeps of the tables that every service has."""
    return [
        rows("inbox", timedelta(days=settings.inbox_kept_days), since="received_at"),
        rows("idempotency_keys", timedelta(hours=settings.idempotency_keys_kept_hours)),
    ]


async def run(pool: Pool, settings: Settings, stopping: asyncio.Event, sweeps: Sequence[Sweep]) -> None:
    """Sweep now and again until asked to stop, whatever fails on the way."""
    while not stopping.is_set():
        pause = settings.retention_every_minutes * 60.0
        try:
            await sweep(pool, stopping, sweeps)
        except Exception as error:
            if is_transient(error):
                log.warning("retention_deferred", error=type(error).__name__)
            else:
                log.exception("retention_failed")
            pause = min(pause, PAUSE_AFTER_ERROR_SECONDS)
        await _wait(stopping, pause)


async def sweep(pool: Pool, stopping: asyncio.Event, sweeps: Sequence[Sweep]) -> int:
    """Delete everything that is old enough, unless another process does. Returns how many rows went."""
    deleted = 0
    async with pool.acquire() as connection:
        if not await connection.fetchval("select pg_try_advisory_lock($1)", LOCK):
            return 0
        try:
            for each in sweeps:
                async with aclosing(each.batches(connection)) as batches:
                    async for count in batches:
                        deleted += count
                        DELETED.labels(each.table).inc(count)
                        await _wait(stopping, PAUSE_SECONDS)
                        if stopping.is_set():
                            return deleted
        finally:
            if not connection.is_closed():
                await connection.execute("select pg_advisory_unlock($1)", LOCK)
    return deleted


async def select_pages(connection: Connection, table: str) -> int:
    """Return of how many pages a table is."""
    pages: int = await connection.fetchval("select pg_relation_size($1::text::regclass) / current_setting('block_size')::int", table)
    return pages


async def delete_old(worker: Connection, table: str, since: str, only: str, older_than: timedelta, first_page: int, pages: int, limit: int) -> int:
    """Delete at most `limit` rows, of all tenants, that are on these pages and old enough. Returns how many there were."""
    deleted = await worker.execute(
        f"""
        delete from {table}
         where ctid = any(array(
                   select ctid from {table} as old
                    where ctid >= $1::tid and ctid < $2::tid and {since} < now() - $3::interval and {only}
                    limit $4))
        """,  # noqa: S608 - names and conditions of our own
        (first_page, 0),
        (first_page + pages, 0),
        older_than,
        limit,
    )
    return int(deleted.rpartition(" ")[2])


async def _wait(stopping: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)
