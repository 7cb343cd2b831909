"""Our copies of distributors, customers and contacts: the newest word holds, and each is its tenant's own."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from libs import postgres
from libs.postgres import Pool, Transaction
from schemas.contact import Channel, contact_id
from services.message_store import copies
from services.message_store.copies import Address, Link
from tests.conftest import NewPool
from tests.consuming import arrived
from tests.making import NOW, customer, distributor
from tests.message_store.conversations import JONAH, MARIA, rows, take

LATER = NOW + timedelta(minutes=1)


@pytest_asyncio.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A fresh database of message_store."""
    return await new_pool("message_store")


def address(tenant: UUID, number: str = JONAH) -> Address:
    return Address(tenant, contact_id(tenant, Channel.WHATSAPP, number), Channel.WHATSAPP, number)


async def everything(pool: Pool, tenant: UUID) -> Sequence[dict[str, Any]]:
    return [row for table in ("distributors", "customers", "contacts") for row in await rows(pool, tenant, f"select * from {table} order by 1, 2")]


async def test_the_newest_settings_of_a_distributor_hold(pool: Pool) -> None:
    tenant = uuid4()
    event = distributor(tenant, locale="es", data_retention_days=90, occurred_at=LATER)
    await take(pool, event)
    await take(pool, distributor(tenant, locale="en"), arrived(event.model_copy()))
    [row] = await rows(pool, tenant, "select locale, data_retention_days from distributors")
    assert row == {"locale": "es", "data_retention_days": 90}


async def test_the_newest_of_a_customers_words_in_a_batch_holds(pool: Pool) -> None:
    tenant, mario = uuid4(), uuid4()
    newest = customer(tenant, mario, MARIA, language="es", occurred_at=LATER)
    await take(pool, customer(tenant, mario, JONAH, language="de"), newest, customer(tenant, mario, language="fr"))
    assert [row["language"] for row in await rows(pool, tenant, "select language from customers")] == ["es"]
    assert [row["address"] for row in await rows(pool, tenant, "select address from contacts")] == [MARIA]


async def test_a_sender_is_noted_once_and_any_word_on_it_is_newer(pool: Pool) -> None:
    tenant, mario = uuid4(), uuid4()
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        assert await copies.upsert_senders(tx, [address(tenant), address(tenant)]) == []
    await take(pool, customer(tenant, mario, JONAH, occurred_at=NOW - timedelta(days=9_999)))
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        assert await copies.upsert_senders(tx, [address(tenant)]) == [Link(tenant, address(tenant).contact_id, Channel.WHATSAPP, mario)]
        assert await copies.select_contacts(tx, tenant, mario, Channel.WHATSAPP) == [address(tenant)]
        assert await copies.select_contacts(tx, tenant, mario, Channel.SMS) == []


async def test_a_foreign_tenant_sees_and_changes_nothing(pool: Pool) -> None:
    mine, theirs, mario = uuid4(), uuid4(), uuid4()
    word = customer(theirs, mario, JONAH)
    await take(pool, distributor(theirs), word)
    before = await everything(pool, theirs)
    async with postgres.tenant_transaction(pool, [mine]) as tx:
        for tenant in (mine, theirs):
            assert not await copies.customer_exists(tx, tenant, mario)
            assert await copies.select_contacts(tx, tenant, mario, Channel.WHATSAPP) == []
            assert await copies.update_contacts_gone(tx, [customer(tenant, mario, occurred_at=LATER)]) == []
    writes: Sequence[Callable[[Transaction], Awaitable[object]]] = (
        lambda tx: copies.upsert_distributor(tx, distributor(theirs, locale="es", occurred_at=LATER)),
        lambda tx: copies.upsert_customers(tx, [customer(theirs, mario, occurred_at=LATER)]),
        lambda tx: copies.upsert_contacts(tx, [customer(theirs, uuid4(), JONAH, occurred_at=LATER)]),
        lambda tx: copies.upsert_senders(tx, [address(theirs)]),
        lambda tx: copies.link_contacts(tx, [address(theirs)], uuid4(), LATER),
    )
    for write in writes:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with postgres.tenant_transaction(pool, [mine]) as tx:
                await write(tx)
    assert await everything(pool, theirs) == before
