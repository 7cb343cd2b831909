"""Deliveries that are done are kept for a while, then they go, their events after them; whole months of the log go at once."""

from datetime import date
from uuid import UUID, uuid4

import asyncpg
import pytest

from deploy.demo.stand_ins.receiver import Receiver
from libs import postgres
from libs.postgres import Pool
from services.webhook_dispatcher import attempt_store
from services.webhook_dispatcher.__main__ import CONSUMES
from services.webhook_dispatcher.keeps import keeps, kept_from
from tests.consuming import consume
from tests.webhook_dispatcher.conftest import dispatcher_settings, erased, rows, subscribe
from tests.webhook_dispatcher.test_add_partitions import partitions


async def make_older(pool: Pool, tenant: UUID, days: int, status: str) -> None:
    """Let a tenant's deliveries have come to this state so long ago."""
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await tx.execute("update webhook_events set created_at = now() - make_interval(days => $1)", days)
        await tx.execute("update webhook_deliveries set status = $1", status)
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        # What an update sets is now; so the row is written anew.
        await tx.execute(
            """
            with gone as (delete from webhook_deliveries returning distributor_id, webhook_endpoint_id, event_id, event_type, status)
            insert into webhook_deliveries (distributor_id, id, webhook_endpoint_id, event_id, event_type, status, updated_at)
            select distributor_id, uuidv7(), webhook_endpoint_id, event_id, event_type, status, now() - make_interval(days => $1) from gone
            """,
            days,
        )


@pytest.mark.parametrize(("days", "status", "left"), [(36, "SUCCESS", 0), (36, "DEAD", 0), (36, "HELD", 0), (36, "RETRYING", 1), (34, "SUCCESS", 1)])
async def test_deliveries_go_when_they_are_done_and_old_and_their_events_with_them(
    pool: Pool, receiver: Receiver, days: int, status: str, left: int
) -> None:
    tenant, other = uuid4(), uuid4()
    for each in (tenant, other):
        await subscribe(pool, receiver, each)
        await consume(pool, "webhook_dispatcher", CONSUMES, erased(each))
    await make_older(pool, tenant, days, status)

    async with pool.acquire() as connection:
        for sweep in keeps(dispatcher_settings()):
            _ = [count async for count in sweep.batches(connection)]

    assert len(await rows(pool, tenant, "webhook_deliveries")) == left
    assert len(await rows(pool, tenant, "webhook_events")) == left
    assert len(await rows(pool, other, "webhook_deliveries")) == 1


async def test_months_that_ended_before_the_oldest_that_is_kept_are_dropped_and_no_others(pool: Pool) -> None:
    async with pool.acquire() as connection:
        for month in (date(2021, 1, 31), date(2021, 3, 1)):
            assert await attempt_store.add_partitions(connection, month) == 2
        assert await partitions(pool, "webhook_attempts_2021%") == 4
        assert await attempt_store.drop_partitions(connection, date(2021, 3, 1)) == 2
        assert await partitions(pool, "webhook_attempts_2021%") == 2
        assert await attempt_store.drop_partitions(connection, date(2021, 3, 31)) == 0


async def test_a_month_that_somebody_reads_is_dropped_later(pool: Pool) -> None:
    async with pool.acquire() as connection, pool.acquire() as reader:
        await attempt_store.add_partitions(connection, date(2021, 1, 1))
        async with reader.transaction():
            await reader.fetch("select count(*) from webhook_attempts")
            with pytest.raises(asyncpg.LockNotAvailableError):
                await attempt_store.drop_partitions(connection, date(2021, 3, 1))
        assert await attempt_store.drop_partitions(connection, date(2021, 3, 1)) == 2


@pytest.mark.parametrize(
    ("today", "months", "first"),
    [
        (date(2026, 11, 25), 3, date(2026, 8, 1)),
        (date(2026, 1, 1), 1, date(2025, 12, 1)),
        (date(2026, 3, 31), 12, date(2025, 3, 1)),
    ],
)
def test_this_month_and_so_many_whole_ones_before_it_are_kept(today: date, months: int, first: date) -> None:
    assert kept_from(today, months) == first
