"""Our copies of customers' addresses and distributors' states follow their owners, whatever order the words come in."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from libs import postgres
from libs.postgres import Pool
from schemas.contact import Channel
from schemas.customer_changed import CustomerChanged
from schemas.distributor_changed import DistributorChanged, DistributorStatus
from services.ingest import store
from services.ingest.__main__ import CONSUMES
from tests import making
from tests.conftest import NewPool
from tests.consuming import consume
from tests.making import NOW

TENANT, OTHER = uuid4(), uuid4()
MARIO, LUIGI = uuid4(), uuid4()
A, B = "+15550100001", "+15550100002"
LATER = NOW + timedelta(hours=1)


@pytest_asyncio.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A fresh database of ingest."""
    return await new_pool("ingest")


async def owners(pool: Pool, tenant: UUID = TENANT, looking: UUID | None = None) -> dict[str, UUID]:
    """Whose the addresses of `tenant` are, as `looking` sees it."""
    async with postgres.tenant_transaction(pool, [looking or tenant]) as tx:
        found = await store.select_customers(tx, [tenant, tenant], [Channel.WHATSAPP, Channel.WHATSAPP], [A, B])
    return {address: customer for (_, _, address), customer in found.items()}


async def unserved(pool: Pool, looking: UUID = TENANT) -> set[UUID]:
    """Who is not served, as `looking` sees it."""
    async with postgres.tenant_transaction(pool, [looking]) as tx:
        return await store.select_unserved(tx, [TENANT, OTHER])


async def test_a_customers_addresses_are_theirs(pool: Pool) -> None:
    await consume(pool, "ingest", CONSUMES, making.customer(TENANT, MARIO, A, B))
    assert await owners(pool) == {A: MARIO, B: MARIO}


async def test_an_address_that_is_not_named_any_more_goes(pool: Pool) -> None:
    await consume(pool, "ingest", CONSUMES, making.customer(TENANT, MARIO, A, B))
    await consume(pool, "ingest", CONSUMES, making.customer(TENANT, MARIO, B, occurred_at=LATER))
    assert await owners(pool) == {B: MARIO}


async def test_a_customer_without_addresses_has_none(pool: Pool) -> None:
    await consume(pool, "ingest", CONSUMES, making.customer(TENANT, MARIO, A), making.customer(TENANT, MARIO, occurred_at=LATER))
    assert await owners(pool) == {}


@pytest.mark.parametrize("newer", [(), (B,), (A, B)])
async def test_an_older_word_on_a_customer_changes_nothing(newer: tuple[str, ...], pool: Pool) -> None:
    await consume(pool, "ingest", CONSUMES, making.customer(TENANT, MARIO, *newer, occurred_at=LATER))
    await consume(pool, "ingest", CONSUMES, making.customer(TENANT, MARIO, A))
    assert await owners(pool) == dict.fromkeys(newer, MARIO)


@pytest.mark.parametrize("taken_first", [True, False])
async def test_an_address_that_moves_to_another_customer_is_theirs_in_whatever_order_it_is_told(taken_first: bool, pool: Pool) -> None:
    await consume(pool, "ingest", CONSUMES, making.customer(TENANT, MARIO, A, B))
    moved = [making.customer(TENANT, LUIGI, A, occurred_at=LATER), making.customer(TENANT, MARIO, B, occurred_at=LATER)]
    for event in moved if taken_first else reversed(moved):
        await consume(pool, "ingest", CONSUMES, event)
    assert await owners(pool) == {A: LUIGI, B: MARIO}


async def test_an_older_word_on_one_customer_does_not_take_an_address_from_another(pool: Pool) -> None:
    await consume(pool, "ingest", CONSUMES, making.customer(TENANT, LUIGI, A, occurred_at=LATER))
    await consume(pool, "ingest", CONSUMES, making.customer(TENANT, MARIO, A))
    assert await owners(pool) == {A: LUIGI}


async def test_the_same_address_may_be_of_customers_of_two_tenants(pool: Pool) -> None:
    await consume(pool, "ingest", CONSUMES, making.customer(TENANT, MARIO, A), making.customer(OTHER, LUIGI, A))
    assert await owners(pool, TENANT) == {A: MARIO}
    assert await owners(pool, OTHER) == {A: LUIGI}
    assert await owners(pool, TENANT, looking=OTHER) == {}


async def test_a_distributors_newest_state_counts(pool: Pool) -> None:
    await consume(pool, "ingest", CONSUMES, making.distributor(TENANT))
    assert await unserved(pool) == set()
    await consume(pool, "ingest", CONSUMES, making.distributor(TENANT, status=DistributorStatus.INACTIVE, occurred_at=LATER))
    assert await unserved(pool) == {TENANT}
    assert await unserved(pool, looking=OTHER) == set()
    await consume(pool, "ingest", CONSUMES, making.distributor(TENANT))
    assert await unserved(pool) == {TENANT}


@pytest.mark.parametrize(
    "event",
    [making.customer(TENANT, MARIO, A), making.distributor(TENANT, status=DistributorStatus.INACTIVE)],
    ids=lambda event: event.topic,
)
async def test_a_redelivered_change_changes_nothing(event: CustomerChanged | DistributorChanged, pool: Pool) -> None:
    await consume(pool, "ingest", CONSUMES, event)
    before = (await owners(pool), await unserved(pool))
    assert any(before)
    await consume(pool, "ingest", CONSUMES, event, event)
    assert (await owners(pool), await unserved(pool)) == before
