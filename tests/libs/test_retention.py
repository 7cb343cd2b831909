"""Old rows go, young ones and whatever is still needed stay, and nobody waits for it."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from libs import postgres, retention
from libs.postgres import Connection, Pool
from libs.retention import LOCK, PAGES, ROWS, Sweep, delete_old, select_pages
from libs.settings import Settings
from schemas import topics
from tests.consuming import nowhere

DAYS = 35
OLD = "now() - interval '36 days'"
YOUNG = "now() - interval '34 days'"


async def fill(pool: Pool, tenant: UUID, count: int, received_at: str) -> None:
    """Let events have been taken in at some time."""
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await tx.execute(
            f"""
            insert into inbox (distributor_id, consumer, event_id, received_at)
            select '{tenant}', 'notes', uuidv7(), {received_at} from generate_series(1, {count})
            """
        )


async def swept(pool: Pool, *sweeps: Sweep) -> int:
    """Sweep once, in a process that is not to stop."""
    return await retention.sweep(pool, asyncio.Event(), sweeps or retention.shared(nowhere()))


async def left(pool: Pool, tenant: UUID, table: str = "inbox") -> int:
    """How many rows a tenant has."""
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        return await tx.fetchval(f"select count(*) from {table}")


async def test_old_events_are_forgotten_young_ones_are_known_still_whosever_they_are(pool: Pool) -> None:
    tenants = uuid4(), uuid4()
    for tenant in tenants:
        await fill(pool, tenant, 3, OLD)
        await fill(pool, tenant, 2, YOUNG)

    assert await swept(pool) == 6
    assert [await left(pool, tenant) for tenant in tenants] == [2, 2]
    assert await swept(pool) == 0


async def test_an_answer_is_repeated_for_two_days(pool: Pool, tenant: UUID) -> None:
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await tx.execute(
            """
            insert into idempotency_keys (distributor_id, key, request_hash, created_at)
            values ($1, 'old', '', now() - interval '49 hours'), ($1, 'young', '', now() - interval '47 hours')
            """,
            tenant,
        )
    assert await swept(pool) == 1
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        assert await tx.fetchval("select key from idempotency_keys") == "young"


async def test_a_batch_holds_no_more_rows_than_it_may_and_only_what_is_on_its_pages(pool: Pool, tenant: UUID) -> None:
    await fill(pool, tenant, 500, OLD)
    async with pool.acquire() as connection, postgres.as_worker(connection):
        pages = await select_pages(connection, "inbox")
        assert pages > 1
        period = timedelta(days=DAYS)
        assert await delete_old(connection, "inbox", "received_at", "true", period, 0, pages, 70) == 70
        on_the_last = await delete_old(connection, "inbox", "received_at", "true", period, pages - 1, 1, 1_000)
        assert 0 < on_the_last < 430


async def test_as_a_tenant_nothing_of_another_is_deleted(pool: Pool, tenant: UUID) -> None:
    await fill(pool, tenant, 3, OLD)
    async with postgres.tenant_transaction(pool, [uuid4()]) as tx:
        assert await delete_old(tx, "inbox", "received_at", "true", timedelta(days=DAYS), 0, PAGES, ROWS) == 0
    assert await left(pool, tenant) == 3


async def test_every_batch_is_a_transaction_of_its_own_during_which_others_write(pool: Pool, tenant: UUID) -> None:
    await fill(pool, tenant, 2 * ROWS + 1, OLD)
    async with pool.acquire() as connection:
        seen: list[tuple[int, int]] = []
        async for deleted in retention.rows("inbox", timedelta(days=DAYS), since="received_at").batches(connection):
            seen.append((deleted, await left(pool, tenant)))
            assert not connection.is_in_transaction()
    assert seen == [(ROWS, ROWS + 1), (ROWS, 1), (1, 0)]

    await fill(pool, tenant, 10, OLD)
    async with pool.acquire() as connection, postgres.as_worker(connection):
        assert await delete_old(connection, "inbox", "received_at", "true", timedelta(days=DAYS), 0, PAGES, ROWS) == 10
        async with asyncio.timeout(5):
            await fill(pool, tenant, 7, YOUNG)
    assert await left(pool, tenant) == 7


async def test_what_a_killed_process_left_is_deleted_by_the_next(pool: Pool, tenant: UUID) -> None:
    await fill(pool, tenant, ROWS + 5, OLD)

    async def dies(connection: Connection) -> AsyncGenerator[int]:
        async for deleted in retention.rows("inbox", timedelta(days=DAYS), since="received_at").batches(connection):
            yield deleted
            connection.terminate()

    with pytest.raises((asyncpg.InterfaceError, asyncpg.ConnectionDoesNotExistError)):
        await swept(pool, Sweep("inbox", dies))
    assert await left(pool, tenant) == 5
    assert await swept(pool, retention.rows("inbox", timedelta(days=DAYS), since="received_at")) == 5


async def test_one_process_at_a_time_does_it(pool: Pool, tenant: UUID) -> None:
    await fill(pool, tenant, 3, OLD)
    async with pool.acquire() as another:
        await another.execute("select pg_advisory_lock($1)", LOCK)
        assert await swept(pool) == 0
        await another.execute("select pg_advisory_unlock($1)", LOCK)
    assert await swept(pool) == 3


async def test_a_process_that_is_to_stop_ends_after_the_batch_in_hand(pool: Pool, tenant: UUID, settings: Settings) -> None:
    await fill(pool, tenant, 3 * ROWS, OLD)
    stopping = asyncio.Event()
    stopping.set()
    assert await retention.sweep(pool, stopping, retention.shared(settings)) == ROWS
    await retention.run(pool, settings, stopping, retention.shared(settings))
    assert await left(pool, tenant) == 2 * ROWS


async def test_events_are_known_for_longer_than_any_topic_keeps_them() -> None:
    assert nowhere().inbox_kept_days > max(topic.retention_days or 0 for topic in topics.load().values())
