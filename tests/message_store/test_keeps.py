"""Messages stay for as long as their tenant wants, and go with everything that tells of them."""

import io
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from libs import postgres, storage
from libs.postgres import Pool
from libs.storage import FileMissing, key_of
from schemas.attachment import LEFT_UNDER, Attachment
from services.message_store import old_store
from services.message_store.__main__ import CONSUMES
from services.message_store.keeps import keeps
from services.message_store.old_store import Old
from tests.conftest import NewPool
from tests.consuming import consume
from tests.making import received
from tests.message_store.media import message_with, settings, whatsapp

DAYS = 30


@pytest_asyncio.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A fresh database of message_store."""
    return await new_pool("message_store")


async def tenant_that_keeps(pool: Pool, days: int | None) -> UUID:
    """A tenant that wants its messages kept for so long."""
    tenant = uuid4()
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await tx.execute("insert into distributors (distributor_id, locale, data_retention_days, as_of) values ($1, 'en', $2, now())", tenant, days)
    return tenant


async def make_older(pool: Pool, tenant: UUID, days: int) -> None:
    """Let all that a tenant has be so old."""
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        for table in ("messages", "external_message_mappings", "early_amendments"):
            await tx.execute(f"update {table} set created_at = now() - make_interval(days => $1)", days)


async def rows(pool: Pool, tenant: UUID, table: str) -> list[asyncpg.Record]:
    """All that a tenant has of a table."""
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        return await tx.fetch(f"select * from {table}")


async def sweep(pool: Pool, folder: Path) -> dict[str, int]:
    """Sweep once; returns how many rows went, by table."""
    async with pool.acquire() as connection:
        return {each.table: sum([count async for count in each.batches(connection)]) for each in keeps(settings(folder))}


@pytest.mark.parametrize(("wanted", "age", "left"), [(DAYS, DAYS + 1, 0), (DAYS, DAYS - 1, 1), (None, 4_000, 1), (1, 7, 1), (1, 9, 0)], ids=str)
async def test_messages_stay_for_as_long_as_the_tenant_wants_and_at_least_as_long_as_their_topic(
    pool: Pool, folder: Path, wanted: int | None, age: int, left: int
) -> None:
    tenant, other = await tenant_that_keeps(pool, wanted), await tenant_that_keeps(pool, None)
    for each in (tenant, other):
        await consume(pool, "message_store", CONSUMES, received(each))
        await make_older(pool, each, age)

    assert (await sweep(pool, folder))["messages"] == 1 - left

    for table in ("messages", "conversations", "external_message_mappings"):
        assert (table, len(await rows(pool, tenant, table))) == (table, left)
        assert len(await rows(pool, other, table)) == 1


async def test_a_conversation_in_which_something_is_left_stays(pool: Pool, folder: Path) -> None:
    tenant = await tenant_that_keeps(pool, DAYS)
    await consume(pool, "message_store", CONSUMES, received(tenant, "first"))
    await make_older(pool, tenant, DAYS + 1)
    await consume(pool, "message_store", CONSUMES, received(tenant, "second"))

    assert (await sweep(pool, folder))["messages"] == 1
    [message] = await rows(pool, tenant, "messages")
    [conversation] = await rows(pool, tenant, "conversations")
    assert (message["content"], message["thread_position"], conversation["last_thread_position"]) == ("second", 2, 2)


async def test_their_files_go_with_them_and_nobody_else_s(pool: Pool, folder: Path) -> None:
    tenant, other = await tenant_that_keeps(pool, DAYS), uuid4()
    kept = key_of(tenant, "attachments", "1")
    left_there, foreign = (key_of(whose, LEFT_UNDER, "2") for whose in (tenant, other))
    files = [whatsapp(), Attachment(url=f"storage:{left_there}"), Attachment(url=f"storage:{foreign}")]
    await message_with(pool, tenant, *files)
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await tx.execute("update message_attachments set state = 'STORED', storage_key = $1 where place = 0", kept)
    await make_older(pool, tenant, DAYS + 1)

    async with storage.opened(settings(folder)) as opened:
        for key in (kept, left_there, foreign):
            await opened.put(key, io.BytesIO(b"x"), "text/plain")
        assert (await sweep(pool, folder))["messages"] == 1
        for key in (kept, left_there):
            with pytest.raises(FileMissing):
                _ = [piece async for piece in opened.get(key)]
        assert [piece async for piece in opened.get(foreign)] == [b"x"]
    assert await rows(pool, tenant, "message_attachments") == []


async def test_what_was_cut_short_between_the_files_and_the_rows_is_done_again(pool: Pool, folder: Path) -> None:
    tenant = await tenant_that_keeps(pool, DAYS)
    key = key_of(tenant, "attachments", "1")
    await message_with(pool, tenant, whatsapp())
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await tx.execute("update message_attachments set state = 'STORED', storage_key = $1", key)
    await make_older(pool, tenant, DAYS + 1)
    assert not (folder / key).exists()
    assert (await sweep(pool, folder))["messages"] == 1
    assert await rows(pool, tenant, "messages") == []


async def test_a_statement_takes_no_more_than_it_may_and_nothing_of_another_tenant(pool: Pool) -> None:
    tenant = await tenant_that_keeps(pool, DAYS)
    await consume(pool, "message_store", CONSUMES, *(received(tenant) for _ in range(3)))
    await make_older(pool, tenant, DAYS + 1)
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        assert len(await old_store.select_old(tx, {tenant: DAYS}, 0, 100, 2)) == 2
        assert await old_store.select_old(tx, {tenant: DAYS}, 5, 100, 2) == []
        old = await old_store.select_old(tx, {tenant: DAYS}, 0, 100, 10)
        await old_store.delete_empty_conversations(tx, old)
    async with postgres.tenant_transaction(pool, [uuid4()]) as tx:
        assert await old_store.select_old(tx, {tenant: DAYS}, 0, 100, 10) == []
        assert await old_store.select_files(tx, old) == []
        assert await old_store.delete_messages(tx, old) == 0
        await old_store.delete_attachments(tx, old)
        await old_store.delete_empty_conversations(tx, old)
    assert len(await rows(pool, tenant, "messages")) == 3
    assert len(await rows(pool, tenant, "conversations")) == 1
    assert {each.message_id for each in old} == {row["id"] for row in await rows(pool, tenant, "messages")}
    assert all(isinstance(each, Old) for each in old)


async def test_statuses_that_nobody_named_and_changes_of_nothing_are_forgotten_after_8_days(pool: Pool, folder: Path) -> None:
    tenant = await tenant_that_keeps(pool, None)
    for days in (9, 7):
        async with postgres.tenant_transaction(pool, [tenant]) as tx:
            await tx.execute(
                """
                insert into external_message_mappings (distributor_id, integration_id, direction, external_id, status, status_at, created_at)
                values ($1, uuidv7(), 'OUTBOUND', 'x', 'SENT', now(), now() - make_interval(days => $2))
                """,
                tenant,
                days,
            )
            await tx.execute(
                """
                insert into early_amendments (distributor_id, integration_id, external_message_id, amended_at, created_at)
                values ($1, uuidv7(), 'x', now(), now() - make_interval(days => $2))
                """,
                tenant,
                days,
            )
    assert await sweep(pool, folder) == {"early_amendments": 1, "external_message_mappings": 1, "messages": 0}
    async with postgres.tenant_transaction(pool, [uuid4()]) as tx:
        assert await old_store.delete_unnamed(tx, [tenant], 1, 10) == 0
    assert len(await rows(pool, tenant, "external_message_mappings")) == 1
    assert len(await rows(pool, tenant, "early_amendments")) == 1
