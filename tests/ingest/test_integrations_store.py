"""The statements on integrations see and change their own tenant's; how well an integration works follows from its calls."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from libs import postgres
from libs.postgres import Pool
from libs.refused import NotFound
from schemas.integration_changed import IntegrationChanged
from services.ingest import integrations_registry, integrations_store, store
from services.ingest.integration import Integration
from services.ingest.integration_form import any_wanted
from tests.conftest import NewPool
from tests.consuming import nowhere, said

TENANT, OTHER, INTEGRATION = uuid4(), uuid4(), uuid4()
MASTER = nowhere().master_key
FIRST = UUID(int=0)


@pytest_asyncio.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A fresh database of ingest, with one integration."""
    opened = await new_pool("ingest")
    async with postgres.tenant_transaction(opened, [TENANT]) as tx:
        assert await store.insert_integration(tx, TENANT, INTEGRATION, "Meta", "1055001", "Orders")
    return opened


async def integration(pool: Pool) -> Integration:
    """The integration as it is now."""
    async with postgres.tenant_transaction(pool, [TENANT]) as tx:
        found = await integrations_store.select_integration(tx, TENANT, INTEGRATION)
        assert found is not None
        return found


async def fail(pool: Pool, times: int, message: str = "the signature is wrong") -> None:
    """Let so many calls in a row fail."""
    for _ in range(times):
        async with postgres.tenant_transaction(pool, [TENANT]) as tx:
            await integrations_store.record_failure(tx, TENANT, INTEGRATION, message)


async def succeed(pool: Pool) -> None:
    """Let a call be taken."""
    async with postgres.tenant_transaction(pool, [TENANT]) as tx:
        await integrations_store.record_successes(tx, [(TENANT, INTEGRATION)])


async def set_columns(pool: Pool, **columns: Any) -> None:
    """Change the integration's row."""
    async with postgres.tenant_transaction(pool, [TENANT]) as tx:
        for name, value in columns.items():
            await tx.execute(f"update external_integrations set {name} = $1", value)


async def test_another_tenant_sees_and_changes_nothing(pool: Pool) -> None:
    before = await integration(pool)
    for named in (TENANT, OTHER):
        async with postgres.tenant_transaction(pool, [OTHER]) as tx:
            assert await integrations_store.select_integration(tx, named, INTEGRATION) is None
            assert await integrations_store.lock_integration(tx, named, INTEGRATION) is None
            assert await integrations_store.select_integrations(tx, named, FIRST, 10) == []
            assert await integrations_store.select_secrets(tx, named, INTEGRATION) == (None, None)
            assert await integrations_store.update_integration(tx, named, INTEGRATION, {"display_name": "Theirs", "credentials": b"x"}) is None
            assert not await integrations_store.delete_integration(tx, named, INTEGRATION)
            await integrations_store.record_failure(tx, named, INTEGRATION, "theirs")
            await integrations_store.record_successes(tx, [(named, INTEGRATION)])
            with pytest.raises(NotFound):
                await integrations_registry.tell(tx, MASTER, named, INTEGRATION)
            assert await integrations_registry.webhook_secret_of(tx, MASTER, named, INTEGRATION) is None
    assert await integration(pool) == before


async def test_a_tenant_named_for_anothers_integration_changes_nothing_even_where_both_are_seen(pool: Pool) -> None:
    before = await integration(pool)
    async with postgres.tenant_transaction(pool, [TENANT, OTHER]) as tx:
        assert await integrations_store.select_integration(tx, OTHER, INTEGRATION) is None
        assert await integrations_store.update_integration(tx, OTHER, INTEGRATION, {"display_name": "Theirs"}) is None
        assert not await integrations_store.delete_integration(tx, OTHER, INTEGRATION)
        await integrations_store.record_failure(tx, OTHER, INTEGRATION, "theirs")
        await integrations_store.record_successes(tx, [(OTHER, INTEGRATION)])
    assert await integration(pool) == before


async def test_the_fifth_failure_in_a_row_makes_an_error_and_the_first_success_ends_it(pool: Pool) -> None:
    await fail(pool, 4)
    assert ((await integration(pool)).status, (await integration(pool)).error_count) == ("ACTIVE", 4)
    await fail(pool, 2)
    found = await integration(pool)
    assert (found.status, found.error_count, found.last_error_message, found.last_sync_at) == ("ERROR", 6, "the signature is wrong", None)

    await succeed(pool)

    found = await integration(pool)
    assert (found.status, found.error_count) == ("ACTIVE", 0)
    assert found.last_sync_at is not None
    assert datetime.now(UTC) - found.last_sync_at < timedelta(minutes=1)


async def test_a_success_between_failures_starts_the_count_anew(pool: Pool) -> None:
    await fail(pool, 4)
    await succeed(pool)
    await fail(pool, 4)
    assert (await integration(pool)).status == "ACTIVE"


@pytest.mark.parametrize("status", ["INACTIVE", "PENDING_AUTH"])
async def test_calls_do_not_change_what_the_owner_decided(status: str, pool: Pool) -> None:
    await set_columns(pool, status=status)
    await fail(pool, 6)
    assert ((await integration(pool)).status, (await integration(pool)).error_count) == (status, 6)
    await succeed(pool)
    assert ((await integration(pool)).status, (await integration(pool)).error_count) == (status, 0)


async def test_a_message_of_an_error_is_cut(pool: Pool) -> None:
    await fail(pool, 1, "x" * 10_000)
    assert (await integration(pool)).last_error_message == "x" * 500


async def test_calls_do_not_outdate_the_version_that_an_owner_has_in_hand(pool: Pool) -> None:
    before = (await integration(pool)).version
    await fail(pool, 6)
    await succeed(pool)
    assert (await integration(pool)).version == before


async def test_a_success_writes_no_row_while_the_last_one_is_fresh(pool: Pool) -> None:
    await succeed(pool)
    before = await integration(pool)
    await succeed(pool)
    assert await integration(pool) == before
    await set_columns(pool, last_sync_at=datetime.now(UTC) - timedelta(minutes=2))
    await succeed(pool)
    assert (await integration(pool)).last_sync_at != before.last_sync_at


async def test_a_success_does_not_wait_for_a_row_that_somebody_holds(pool: Pool) -> None:
    async with postgres.tenant_transaction(pool, [TENANT]) as tx:
        assert await integrations_store.lock_integration(tx, TENANT, INTEGRATION)
        async with asyncio.timeout(5):
            await succeed(pool)
    assert (await integration(pool)).last_sync_at is None


async def test_an_error_ends_when_its_owner_says_so_and_stays_through_other_changes(pool: Pool) -> None:
    await fail(pool, 5)
    wanted = any_wanted.validate_python({"provider": "Meta", "external_account_id": "1055001", "display_name": "Renamed"})
    for named, status, errors in (({"display_name"}, "ERROR", 5), ({"status"}, "ACTIVE", 0)):
        async with postgres.tenant_transaction(pool, [TENANT]) as tx:
            changed = await integrations_registry.change(tx, MASTER, TENANT, INTEGRATION, wanted, named, "https://hooks.example")
        assert (changed.status, changed.error_count) == (status, errors)
    assert [event.status for event in await said(pool, TENANT, IntegrationChanged)] == ["ERROR", "ACTIVE"]
