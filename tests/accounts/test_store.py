"""Every statement keeps to its tenant, also when it is told of another."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from libs import postgres
from libs.postgres import Pool, Transaction
from schemas.contact import Channel
from services.accounts import registry, store
from services.accounts.customer import NewContact, NewCustomer
from services.accounts.distributor import NewDistributor

VICTIM, STRANGER = uuid4(), uuid4()
DISTRIBUTOR = NewDistributor(id=VICTIM, business_name="Harbor Foods", subdomain="harbor")
PHONE = NewContact(channel=Channel.WHATSAPP, address="+17735550110")
CUSTOMER = NewCustomer(id=uuid4(), business_name="Bistro", customer_code="B", contacts=(PHONE,))

Call = Callable[[Transaction, UUID], Awaitable[Any]]


@pytest.fixture
async def filled(pool: Pool) -> Pool:
    """A pool on a database that holds the victim's rows."""
    async with postgres.tenant_transaction(pool, [VICTIM]) as tx:
        await registry.save_distributors(tx, [DISTRIBUTOR])
        await registry.save_customers(tx, VICTIM, [CUSTOMER])
    return pool


READS: dict[str, Call] = {
    "select_distributor": store.select_distributor,
    "lock_distributor": store.lock_distributor,
    "lock_customer": lambda tx, tenant: store.lock_customer(tx, tenant, CUSTOMER.id),
    "select_customers": lambda tx, tenant: store.select_customers(tx, tenant, "", 10),
    "select_customers_by_id": lambda tx, tenant: store.select_customers_by_id(tx, tenant, [CUSTOMER.id]),
    "select_taken": lambda tx, tenant: store.select_taken(tx, tenant, [(uuid4(), PHONE)]),
}
WRITES: dict[str, Call] = {
    "upsert_distributors": lambda tx, _: store.upsert_distributors(tx, [DISTRIBUTOR.model_copy(update={"business_name": "Stolen"})]),
    "upsert_customers": lambda tx, tenant: store.upsert_customers(tx, tenant, [CUSTOMER.model_copy(update={"business_name": "Stolen"})]),
    "upsert_contacts": lambda tx, tenant: store.upsert_contacts(tx, tenant, [(CUSTOMER.id, PHONE.model_copy(update={"display_name": "Stolen"}))]),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
async def test_a_read_finds_what_its_tenant_has_and_nothing_for_another(filled: Pool, read: Call) -> None:
    async with postgres.tenant_transaction(filled, [VICTIM]) as tx:
        assert await read(tx, VICTIM)
    async with postgres.tenant_transaction(filled, [STRANGER]) as tx:
        assert not await read(tx, VICTIM)
        assert not await read(tx, STRANGER)


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
async def test_a_write_into_another_tenant_is_refused(filled: Pool, write: Call) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with postgres.tenant_transaction(filled, [STRANGER]) as tx:
            await write(tx, VICTIM)
    async with postgres.tenant_transaction(filled, [VICTIM]) as tx:
        assert await write(tx, VICTIM)
