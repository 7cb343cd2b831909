"""Staff say whose contact a sender is, or that two customers are one."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from libs import postgres
from libs.postgres import Pool
from libs.refused import NotFound
from schemas.contact import Channel, contact_id
from schemas.contact_linked import ContactLinked
from services.message_store import linking_store
from services.message_store.copies import Link
from services.message_store.linking import link_contact
from tests.conftest import NewPool
from tests.consuming import said
from tests.making import customer, received
from tests.message_store.conversations import JONAH, MARIA, conversations, of_customer, own, reply, take, told

STAFF = uuid4()


@pytest_asyncio.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A fresh database of message_store."""
    return await new_pool("message_store")


async def link(pool: Pool, tenant: UUID, conversation: UUID, customer_id: UUID) -> None:
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await link_contact(tx, tenant, conversation, customer_id, STAFF)


async def shown_with(pool: Pool, tenant: UUID) -> dict[UUID, UUID | None]:
    return {each: row["merged_into"] for each, row in (await conversations(pool, tenant)).items()}


async def test_a_linked_sender_is_the_customers_at_once_and_everywhere(pool: Pool) -> None:
    tenant, mario = uuid4(), uuid4()
    await take(pool, received(tenant), customer(tenant, mario))

    await link(pool, tenant, own(tenant), mario)
    await take(pool, received(tenant, "next"))

    assert await shown_with(pool, tenant) == {own(tenant): of_customer(tenant, mario), of_customer(tenant, mario): None}
    assert (await told(pool, tenant))[-1].customer_id == mario
    [event] = await said(pool, tenant, ContactLinked)
    assert (event.contact_id, event.address) == (contact_id(tenant, Channel.WHATSAPP, JONAH), JONAH)
    assert (event.customer_id, event.linked_by) == (mario, STAFF)


async def test_linking_again_changes_and_tells_nothing(pool: Pool) -> None:
    tenant, mario = uuid4(), uuid4()
    await take(pool, received(tenant), customer(tenant, mario))
    await link(pool, tenant, own(tenant), mario)
    before = await conversations(pool, tenant)

    await link(pool, tenant, own(tenant), mario)

    assert await conversations(pool, tenant) == before
    assert len(await said(pool, tenant, ContactLinked)) == 1


async def test_the_word_of_staff_is_newer_than_an_event_from_before(pool: Pool) -> None:
    tenant, mario = uuid4(), uuid4()
    await take(pool, received(tenant), customer(tenant, mario))
    await link(pool, tenant, own(tenant), mario)

    await take(pool, customer(tenant, mario))

    assert (await conversations(pool, tenant))[own(tenant)]["customer_id"] == mario


async def test_what_accounts_says_of_it_later_changes_nothing(pool: Pool) -> None:
    tenant, mario = uuid4(), uuid4()
    await take(pool, received(tenant), customer(tenant, mario))
    await link(pool, tenant, own(tenant), mario)
    before = await conversations(pool, tenant)

    await take(pool, customer(tenant, mario, JONAH, occurred_at=datetime.now(UTC)))

    assert await conversations(pool, tenant) == before


async def test_a_sender_who_was_linked_wrongly_is_linked_anew(pool: Pool) -> None:
    tenant, mario, luigi = uuid4(), uuid4(), uuid4()
    await take(pool, received(tenant), customer(tenant, mario), customer(tenant, luigi))
    await link(pool, tenant, own(tenant), mario)

    await link(pool, tenant, own(tenant), luigi)

    found = await conversations(pool, tenant)
    assert (found[own(tenant)]["customer_id"], found[own(tenant)]["merged_into"]) == (luigi, of_customer(tenant, luigi))
    assert found[of_customer(tenant, mario)]["status"] == "ARCHIVED"
    assert [event.customer_id for event in await said(pool, tenant, ContactLinked)] == [mario, luigi]


async def test_a_doubtful_sender_is_linked_where_staff_vouch_for_them(pool: Pool) -> None:
    tenant, mario = uuid4(), uuid4()
    await take(pool, customer(tenant, mario, JONAH), received(tenant, external_metadata={"sender_not_trusted": True}))

    await link(pool, tenant, own(tenant), mario)

    assert (await shown_with(pool, tenant))[own(tenant)] == of_customer(tenant, mario)
    assert await said(pool, tenant, ContactLinked) == [], "accounts says so already"


async def test_two_customers_that_are_one_are_read_as_one_and_their_contacts_write_for_one(pool: Pool) -> None:
    tenant, mario, marios = uuid4(), uuid4(), uuid4()
    await take(pool, received(tenant, "unknown yet"))
    await take(pool, customer(tenant, mario, JONAH), customer(tenant, marios, MARIA))
    await take(pool, received(tenant, customer_id=mario), received(tenant, sender=MARIA, customer_id=marios))

    await link(pool, tenant, of_customer(tenant, mario), marios)
    await take(pool, received(tenant, "late", customer_id=mario), reply(tenant, of_customer(tenant, mario)))

    shown = of_customer(tenant, marios)
    assert await shown_with(pool, tenant) == {own(tenant): shown, of_customer(tenant, mario): shown, shown: None}
    assert [(event.address, event.customer_id) for event in await said(pool, tenant, ContactLinked)] == [(JONAH, marios)]
    late, answer = (await told(pool, tenant))[-2:]
    assert (late.conversation_id, late.customer_id, late.thread_position) == (of_customer(tenant, mario), mario, 2)
    assert (answer.address, answer.thread_position) == (JONAH, 3)


async def test_a_customer_whose_own_conversation_is_linked_to_them_stands_for_themselves_again(pool: Pool) -> None:
    tenant, mario, marios = uuid4(), uuid4(), uuid4()
    await take(pool, customer(tenant, mario, JONAH), customer(tenant, marios, MARIA))
    await take(pool, received(tenant, customer_id=mario), received(tenant, sender=MARIA, customer_id=marios))
    await link(pool, tenant, of_customer(tenant, mario), marios)

    await link(pool, tenant, of_customer(tenant, mario), mario)

    assert await shown_with(pool, tenant) == {of_customer(tenant, mario): None, of_customer(tenant, marios): None}


async def test_two_customers_can_be_merged_the_other_way_round_afterwards(pool: Pool) -> None:
    tenant, mario, marios = uuid4(), uuid4(), uuid4()
    await take(pool, customer(tenant, mario, JONAH), customer(tenant, marios, MARIA))
    await take(pool, received(tenant, customer_id=mario), received(tenant, sender=MARIA, customer_id=marios))
    await link(pool, tenant, of_customer(tenant, mario), marios)

    await link(pool, tenant, of_customer(tenant, marios), mario)

    assert await shown_with(pool, tenant) == {of_customer(tenant, mario): None, of_customer(tenant, marios): of_customer(tenant, mario)}


async def test_a_merged_customer_who_gets_a_contact_stands_for_themselves_again(pool: Pool) -> None:
    tenant, mario, marios = uuid4(), uuid4(), uuid4()
    await take(pool, received(tenant, "unknown yet"))
    await take(pool, customer(tenant, mario, JONAH), customer(tenant, marios, MARIA))
    await take(pool, received(tenant, customer_id=mario), received(tenant, sender=MARIA, customer_id=marios))
    await link(pool, tenant, of_customer(tenant, mario), marios)

    await take(pool, customer(tenant, mario, JONAH, occurred_at=datetime.now(UTC)))

    theirs = of_customer(tenant, mario)
    assert await shown_with(pool, tenant) == {own(tenant): theirs, theirs: None, of_customer(tenant, marios): None}


async def test_a_customer_can_be_merged_with_one_who_never_wrote(pool: Pool) -> None:
    tenant, mario, luigi = uuid4(), uuid4(), uuid4()
    await take(pool, customer(tenant, mario, JONAH), customer(tenant, luigi), received(tenant, customer_id=mario))

    await link(pool, tenant, of_customer(tenant, mario), luigi)

    assert (await shown_with(pool, tenant))[of_customer(tenant, mario)] == of_customer(tenant, luigi)


async def test_what_is_not_there_is_not_found(pool: Pool) -> None:
    tenant, mario = uuid4(), uuid4()
    await take(pool, received(tenant), customer(tenant, mario))
    with pytest.raises(NotFound, match="no conversation"):
        await link(pool, tenant, uuid4(), mario)
    with pytest.raises(NotFound, match="no customer"):
        await link(pool, tenant, own(tenant), uuid4())
    assert await said(pool, tenant, ContactLinked) == []


async def test_a_foreign_tenant_can_link_nothing(pool: Pool) -> None:
    theirs, mine, mario = uuid4(), uuid4(), uuid4()
    await take(pool, received(theirs), customer(theirs, mario), customer(mine, mario))
    before = await conversations(pool, theirs)
    with pytest.raises(NotFound, match="no conversation"):
        await link(pool, mine, own(theirs), mario)
    async with postgres.tenant_transaction(pool, [mine]) as tx:
        for tenant in (mine, theirs):
            with pytest.raises(NotFound):
                await link_contact(tx, tenant, own(theirs), mario, STAFF)
    assert await conversations(pool, theirs) == before


async def test_no_statement_on_merged_conversations_reaches_another_tenant(pool: Pool) -> None:
    theirs, mine, mario = uuid4(), uuid4(), uuid4()
    await take(pool, received(theirs), customer(theirs, mario, MARIA))
    await take(pool, customer(theirs, mario, MARIA, JONAH, occurred_at=datetime.now(UTC)))
    before = await conversations(pool, theirs)
    jonah = contact_id(theirs, Channel.WHATSAPP, JONAH)
    async with postgres.tenant_transaction(pool, [mine]) as tx:
        for tenant in (mine, theirs):
            named = [(tenant, conversation) for conversation in before]
            astray = [Link(tenant, jonah, Channel.WHATSAPP, None)]
            assert await linking_store.select_conversation(tx, tenant, own(theirs)) is None
            assert await linking_store.select_astray(tx, astray) == {}
            await linking_store.lock_conversations(tx, named)
            await linking_store.insert_conversations_of_customers(tx, [(tenant, uuid4())], [mario], [own(theirs)])
            await linking_store.update_followed(tx, astray)
            await linking_store.update_merged(tx, tenant, of_customer(theirs, mario), own(theirs))
            await linking_store.update_standing_alone(tx, named)
            await linking_store.update_showing(tx, named)
            await linking_store.update_left(tx, named)
    assert await conversations(pool, theirs) == before


async def test_staff_who_link_the_same_sender_to_two_customers_at_once_leave_them_with_one(pool: Pool) -> None:
    tenant, mario, luigi = uuid4(), uuid4(), uuid4()
    await take(pool, received(tenant), customer(tenant, mario), customer(tenant, luigi))

    await asyncio.gather(*(link(pool, tenant, own(tenant), each) for each in (mario, luigi) * 5))

    found = (await conversations(pool, tenant))[own(tenant)]
    last = (await said(pool, tenant, ContactLinked))[-1]
    assert (found["customer_id"], found["merged_into"]) == (last.customer_id, of_customer(tenant, last.customer_id))
