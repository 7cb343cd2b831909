"""Staff link an address in the inbox: it writes for that customer, and for no other."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from libs import postgres
from libs.postgres import Pool
from libs.refused import NotFound
from schemas.contact import Channel, contact_id
from schemas.contact_linked import ContactLinked
from schemas.customer_changed import CustomerChanged
from services.accounts import registry, store
from services.accounts.__main__ import CONSUMES
from services.accounts.customer import NewContact, NewCustomer
from services.accounts.distributor import NewDistributor
from services.accounts.on_contact_linked import AddressUnusable
from tests.consuming import arrived, consume, said

PHONE = "+17735550110"
CONTACT = NewContact(channel=Channel.WHATSAPP, address=PHONE, display_name="Jonah")


def linked(tenant: UUID, customer_id: UUID, address: str = PHONE, at: datetime | None = None) -> ContactLinked:
    at = at or datetime.now(UTC) + timedelta(seconds=1)
    return arrived(
        ContactLinked(
            distributor_id=tenant,
            occurred_at=at,
            contact_id=contact_id(tenant, Channel.WHATSAPP, address),
            channel=Channel.WHATSAPP,
            address=address,
            customer_id=customer_id,
            linked_by=uuid4(),
            linked_at=at,
        )
    )


async def take(pool: Pool, event: ContactLinked) -> None:
    await consume(pool, "accounts", CONSUMES, event)


async def tenant_with(pool: Pool, *customers: NewCustomer) -> UUID:
    tenant = uuid4()
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await registry.save_distributors(tx, [NewDistributor(id=tenant, business_name="Harbor Foods", subdomain=f"harbor-{tenant.hex[:8]}")])
        await registry.save_customers(tx, tenant, customers)
    return tenant


def customer(code: str, *contacts: NewContact) -> NewCustomer:
    return NewCustomer(id=uuid4(), business_name="The Velvet Anchor", customer_code=code, contacts=contacts)


async def contacts_told(pool: Pool, tenant: UUID, customer_id: UUID) -> list[int]:
    return [len(event.contacts) for event in await said(pool, tenant, CustomerChanged) if event.customer_id == customer_id]


async def test_an_unknown_address_becomes_a_contact_and_is_told_once(pool: Pool) -> None:
    somebody = customer("A")
    tenant = await tenant_with(pool, somebody)
    event = linked(tenant, somebody.id)

    await take(pool, event)
    await take(pool, event)
    await take(pool, linked(tenant, somebody.id))

    assert await contacts_told(pool, tenant, somebody.id) == [0, 1]
    told = (await said(pool, tenant, CustomerChanged))[-1]
    assert [(each.contact_id, each.address) for each in told.contacts] == [(event.contact_id, PHONE)]


async def test_an_address_of_another_customer_is_given_up_by_that_one(pool: Pool) -> None:
    before, after = customer("A", CONTACT), customer("B")
    tenant = await tenant_with(pool, before, after)

    await take(pool, linked(tenant, after.id))

    assert await contacts_told(pool, tenant, before.id) == [1, 0]
    assert await contacts_told(pool, tenant, after.id) == [0, 1]
    assert (await said(pool, tenant, CustomerChanged))[-1].contacts[0].display_name == "Jonah"


async def test_an_older_link_changes_nothing(pool: Pool) -> None:
    before, after = customer("A", CONTACT), customer("B")
    tenant = await tenant_with(pool, before, after)

    await take(pool, linked(tenant, after.id, at=datetime.now(UTC) - timedelta(hours=1)))

    assert await contacts_told(pool, tenant, before.id) == [1]
    assert await contacts_told(pool, tenant, after.id) == [0]


async def test_a_customer_that_is_not_there_is_refused(pool: Pool) -> None:
    tenant = await tenant_with(pool, customer("A"))
    with pytest.raises(NotFound):
        await take(pool, linked(tenant, uuid4()))


async def test_a_customer_of_another_tenant_is_refused(pool: Pool) -> None:
    somebody = customer("A")
    theirs, mine = await tenant_with(pool, somebody), await tenant_with(pool)
    with pytest.raises(NotFound):
        await take(pool, linked(mine, somebody.id))
    assert await contacts_told(pool, theirs, somebody.id) == [0]


async def test_an_address_of_no_use_is_refused_without_being_named(pool: Pool) -> None:
    somebody = customer("A")
    tenant = await tenant_with(pool, somebody)
    with pytest.raises(AddressUnusable) as refused:
        await take(pool, linked(tenant, somebody.id, address="US.1234567890"))
    assert "1234567890" not in str(refused.value)


async def test_a_foreign_tenant_can_neither_see_nor_move_a_contact(pool: Pool) -> None:
    somebody, other = customer("A", CONTACT), customer("B")
    theirs, mine = await tenant_with(pool, somebody, other), uuid4()
    async with postgres.tenant_transaction(pool, [mine]) as tx:
        for tenant in (mine, theirs):
            assert await store.select_customer_of(tx, tenant, CONTACT) is None
    async with postgres.tenant_transaction(pool, [mine]) as tx:
        with pytest.raises(Exception, match="row-level security"):
            await store.upsert_linked_contact(tx, theirs, other.id, CONTACT, datetime.now(UTC))
    assert await contacts_told(pool, theirs, somebody.id) == [1]
