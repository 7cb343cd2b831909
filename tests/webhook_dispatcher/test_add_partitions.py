"""The log of attempts always has a place for the coming month."""

from datetime import UTC, date, datetime

from libs import postgres
from libs.postgres import Pool
from services.webhook_dispatcher import attempt_store
from services.webhook_dispatcher.add_partitions import add_partitions
from tests.webhook_dispatcher.conftest import service_on


async def test_this_month_and_the_next_are_there_from_the_migration_on(pool: Pool) -> None:
    assert await add_partitions(service_on(pool)) == 0
    assert await partitions(pool, "webhook_attempts_%") == 2


async def test_the_partitions_of_a_month_and_the_next_are_made_once(pool: Pool) -> None:
    async with pool.acquire() as connection:
        assert await attempt_store.add_partitions(connection, date(2041, 12, 31)) == 2
        assert await attempt_store.add_partitions(connection, date(2041, 12, 1)) == 0
        assert await attempt_store.add_partitions(connection, date(2042, 1, 15)) == 1
    assert await partitions(pool, "webhook_attempts_204%") == 3


async def test_a_partition_is_closed_and_under_row_level_security(pool: Pool) -> None:
    partition = f"webhook_attempts_{datetime.now(UTC):%Y_%m}"
    async with pool.acquire() as connection:
        row = await connection.fetchrow(
            """
            select relrowsecurity, relforcerowsecurity, has_table_privilege(oid, 'select, insert, update, delete, truncate') as open
              from pg_class where relname = $1
            """,
            partition,
        )
    assert row is not None
    assert dict(row) == {"relrowsecurity": True, "relforcerowsecurity": True, "open": False}


async def partitions(pool: Pool, pattern: str) -> int:
    async with postgres.tenant_transaction(pool, []) as tx:
        count: int = await tx.fetchval("select count(*) from pg_class where relispartition and relkind = 'r' and relname like $1", pattern)
    return count
