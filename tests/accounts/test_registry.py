"""Distributors and customers are written once, and told when they changed."""

from uuid import UUID, uuid4

import pytest

from libs import postgres
from libs.postgres import Pool
from libs.refused import NotFound
from schemas.contact import Channel, contact_id
from schemas.customer_changed import CustomerChanged
from schemas.distributor_changed import DistributorChanged
from services.accounts import registry, store
from services.accounts.customer import NewContact, NewCustomer
from services.accounts.distributor import NewDistributor
from services.accounts.registry import AddressTaken
from services.accounts.store import CustomerCodeTaken, SubdomainTaken
from tests.consuming import said

PHONE = NewContact(channel=Channel.WHATSAPP, address="+17735550110", display_name="Jonah")
MAIL = NewContact(channel=Channel.EMAIL, address="Jonah@VelvetAnchor.example.com")


def distributor(**more: object) -> NewDistributor:
    return NewDistributor.model_validate({"id": uuid4(), "business_name": "Harbor Foods", "subdomain": f"harbor-{uuid4().hex[:8]}", **more})


def customer(code: str = "VELV001", *contacts: NewContact, **more: object) -> NewCustomer:
    return NewCustomer.model_validate({"id": uuid4(), "business_name": "The Velvet Anchor", "customer_code": code, "contacts": contacts, **more})


async def save(pool: Pool, wanted: NewDistributor) -> UUID:
    async with postgres.tenant_transaction(pool, [wanted.id]) as tx:
        await registry.save_distributors(tx, [wanted])
    return wanted.id


async def save_customers(pool: Pool, tenant: UUID, *wanted: NewCustomer) -> None:
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await registry.save_customers(tx, tenant, wanted)


async def test_a_distributor_is_its_own_tenant_and_is_told(pool: Pool) -> None:
    wanted = distributor(timezone="America/Chicago", order_cutoff_time="14:00", minimum_order_amount="100.00")

    tenant = await save(pool, wanted)

    [event] = await said(pool, tenant, DistributorChanged)
    assert (event.distributor_id, event.business_name, event.timezone) == (tenant, "Harbor Foods", "America/Chicago")
    assert (str(event.order_cutoff_time), str(event.minimum_order_amount), event.delivery_weekdays) == ("14:00:00", "100.00", (1, 2, 3, 4, 5))
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        assert (await store.select_distributor(tx, tenant)).model_dump(include={"id", "subdomain"}) == {  # pyright: ignore[reportOptionalMemberAccess]
            "id": tenant,
            "subdomain": wanted.subdomain,
        }


async def test_saving_the_same_again_says_nothing(pool: Pool) -> None:
    wanted, somebody = distributor(), customer("A", PHONE)
    tenant = await save(pool, wanted)
    await save_customers(pool, tenant, somebody)
    before = len(await said(pool, tenant))

    await save(pool, wanted)
    await save_customers(pool, tenant, somebody)

    assert len(await said(pool, tenant)) == before == 2


async def test_a_changed_setting_is_told(pool: Pool) -> None:
    wanted = distributor()
    tenant = await save(pool, wanted)

    await save(pool, wanted.model_copy(update={"auto_confirm": False}))

    assert [event.auto_confirm for event in await said(pool, tenant, DistributorChanged)] == [True, False]


async def test_a_subdomain_belongs_to_one_distributor(pool: Pool) -> None:
    await save(pool, distributor(subdomain="harbor"))

    with pytest.raises(SubdomainTaken):
        await save(pool, distributor(subdomain="harbor"))


async def test_a_customer_is_told_with_every_contact(pool: Pool) -> None:
    tenant = await save(pool, distributor())

    await save_customers(pool, tenant, customer("VELV001", PHONE, MAIL, language="en-US", delivery_notes="Back door"))

    [event] = await said(pool, tenant, CustomerChanged)
    assert (event.customer_code, event.language, event.delivery_notes) == ("VELV001", "en-US", "Back door")
    assert [(each.channel, each.address, each.display_name, each.contact_id) for each in event.contacts] == [
        (Channel.EMAIL, "jonah@velvetanchor.example.com", None, contact_id(tenant, Channel.EMAIL, "jonah@velvetanchor.example.com")),
        (Channel.WHATSAPP, "+17735550110", "Jonah", contact_id(tenant, Channel.WHATSAPP, "+17735550110")),
    ]


async def test_a_new_contact_is_told_beside_the_old_ones(pool: Pool) -> None:
    tenant, somebody = await save(pool, distributor()), customer("A", PHONE)
    await save_customers(pool, tenant, somebody)

    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        stored = await registry.add_contact(tx, tenant, somebody.id, MAIL)

    assert len(stored.contacts) == 2
    assert [len(event.contacts) for event in await said(pool, tenant, CustomerChanged)] == [1, 2]


async def test_an_address_writes_for_one_customer_only(pool: Pool) -> None:
    tenant, first = await save(pool, distributor()), customer("A", PHONE)
    await save_customers(pool, tenant, first)

    with pytest.raises(AddressTaken, match=str(first.id)):
        await save_customers(pool, tenant, customer("B", PHONE))

    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        assert [each.customer_code for each in await store.select_customers(tx, tenant, "", 10)] == ["A"]


async def test_the_same_address_may_write_for_customers_of_two_distributors(pool: Pool) -> None:
    one, other = await save(pool, distributor()), await save(pool, distributor())

    await save_customers(pool, one, customer("A", PHONE))
    await save_customers(pool, other, customer("A", PHONE))

    assert [len(await said(pool, tenant, CustomerChanged)) for tenant in (one, other)] == [1, 1]


async def test_a_customer_code_belongs_to_one_customer(pool: Pool) -> None:
    tenant = await save(pool, distributor())
    await save_customers(pool, tenant, customer("A"))

    with pytest.raises(CustomerCodeTaken):
        await save_customers(pool, tenant, customer("A"))


async def test_a_contact_of_an_unknown_customer_is_refused(pool: Pool) -> None:
    tenant = await save(pool, distributor())

    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        with pytest.raises(NotFound):
            await registry.add_contact(tx, tenant, uuid4(), PHONE)
