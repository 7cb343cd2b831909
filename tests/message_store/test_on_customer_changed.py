"""A sender turns out to be somebody's contact: the conversation goes along, and stays where it belongs whatever comes late."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from libs.postgres import Pool
from schemas.customer_changed import CustomerChanged
from tests.conftest import NewPool
from tests.consuming import arrived
from tests.making import NOW, customer, received
from tests.message_store.conversations import JONAH, MARIA, conversations, of_customer, own, places, reply, rows, take, told

LATER = NOW + timedelta(minutes=1)
LATEST = NOW + timedelta(minutes=2)


@pytest_asyncio.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A fresh database of message_store."""
    return await new_pool("message_store")


async def customers_of(pool: Pool, tenant: UUID) -> set[tuple[str, UUID | None]]:
    return {(row["address"], row["customer_id"]) for row in await rows(pool, tenant, "select * from contacts")}


async def test_a_conversation_goes_to_the_customer_with_its_history(pool: Pool) -> None:
    tenant, mario = uuid4(), uuid4()
    await take(pool, received(tenant, "one"), received(tenant, "two"))

    await take(pool, customer(tenant, mario, JONAH))
    await take(pool, received(tenant, "three", customer_id=mario))

    theirs, was = of_customer(tenant, mario), own(tenant)
    found = await conversations(pool, tenant)
    assert (found[was]["customer_id"], found[was]["merged_into"]) == (mario, theirs)
    assert (found[theirs]["customer_id"], found[theirs]["merged_into"], found[theirs]["status"]) == (mario, None, "ACTIVE")
    assert (await places(pool, tenant, was), await places(pool, tenant, theirs)) == ([1, 2], [1])
    assert [each.customer_id for each in await told(pool, tenant)] == [None, None, mario]


async def test_a_conversation_that_the_customer_has_already_shows_both(pool: Pool) -> None:
    tenant, mario = uuid4(), uuid4()
    await take(pool, customer(tenant, mario, MARIA))
    await take(pool, received(tenant, sender=MARIA, customer_id=mario), received(tenant, "from Jonah", sent_at=LATER))

    await take(pool, customer(tenant, mario, MARIA, JONAH, occurred_at=LATER))
    await take(pool, reply(tenant, of_customer(tenant, mario)))

    found = await conversations(pool, tenant)
    assert found[own(tenant)]["merged_into"] == of_customer(tenant, mario)
    assert (await places(pool, tenant, own(tenant)), await places(pool, tenant, of_customer(tenant, mario))) == ([1], [1, 2])
    assert (await told(pool, tenant))[-1].address == JONAH, "replies go to whoever wrote last"


async def test_an_older_message_does_not_draw_replies_to_its_sender(pool: Pool) -> None:
    tenant, mario = uuid4(), uuid4()
    await take(pool, customer(tenant, mario, MARIA))
    await take(pool, received(tenant, sender=MARIA, customer_id=mario, sent_at=LATER), received(tenant))

    await take(pool, customer(tenant, mario, MARIA, JONAH, occurred_at=LATER))
    await take(pool, reply(tenant, of_customer(tenant, mario)))

    assert (await told(pool, tenant))[-1].address == MARIA


async def test_the_same_word_again_changes_nothing(pool: Pool) -> None:
    tenant, mario = uuid4(), uuid4()
    event = customer(tenant, mario, JONAH)
    await take(pool, received(tenant))
    await take(pool, event, arrived(event.model_copy()))
    before = await conversations(pool, tenant)

    await take(pool, event)
    await take(pool, arrived(event.model_copy()))

    assert await conversations(pool, tenant) == before
    assert await customers_of(pool, tenant) == {(JONAH, mario)}


async def test_an_older_word_after_a_newer_one_changes_nothing(pool: Pool) -> None:
    tenant, mario, luigi = uuid4(), uuid4(), uuid4()
    await take(pool, received(tenant), customer(tenant, luigi, JONAH, occurred_at=LATEST), customer(tenant, mario, occurred_at=LATEST))
    before = await conversations(pool, tenant)

    await take(pool, customer(tenant, luigi), customer(tenant, mario, JONAH, occurred_at=LATER))

    assert await conversations(pool, tenant) == before
    assert before[own(tenant)]["customer_id"] == luigi
    assert await customers_of(pool, tenant) == {(JONAH, luigi)}


@pytest.mark.parametrize("batches", [((0, 1),), ((1, 0),), ((0,), (1,)), ((1,), (0,))])
async def test_a_contact_that_moves_takes_what_it_wrote_before_anybody_knew_it(pool: Pool, batches: tuple[tuple[int, ...], ...]) -> None:
    tenant, mario, luigi = uuid4(), uuid4(), uuid4()
    await take(pool, received(tenant, "before"), customer(tenant, mario, JONAH, MARIA))
    await take(pool, received(tenant, "as Mario's", customer_id=mario))
    words: list[CustomerChanged] = [customer(tenant, mario, MARIA, occurred_at=LATER), customer(tenant, luigi, JONAH, occurred_at=LATER)]

    for batch in batches:
        await take(pool, *(words[place] for place in batch))

    found = await conversations(pool, tenant)
    assert (found[own(tenant)]["customer_id"], found[own(tenant)]["merged_into"]) == (luigi, of_customer(tenant, luigi))
    assert await places(pool, tenant, of_customer(tenant, mario)) == [1], "what was written for a customer stays theirs"
    assert await customers_of(pool, tenant) == {(JONAH, luigi), (MARIA, mario)}


async def test_replies_do_not_go_to_somebody_who_writes_for_another_customer_by_now(pool: Pool) -> None:
    tenant, mario, luigi = uuid4(), uuid4(), uuid4()
    await take(pool, received(tenant, "unknown yet"))
    await take(pool, customer(tenant, mario, JONAH, MARIA))
    await take(pool, received(tenant, sender=MARIA, customer_id=mario, sent_at=LATER), received(tenant, customer_id=mario, sent_at=LATEST))

    await take(pool, customer(tenant, mario, MARIA, occurred_at=LATER), customer(tenant, luigi, JONAH, occurred_at=LATER))
    await take(pool, reply(tenant, of_customer(tenant, mario)), reply(tenant, own(tenant)))

    assert [(each.address, each.customer_id) for each in (await told(pool, tenant))[-2:]] == [(MARIA, mario), (JONAH, luigi)]


async def test_a_contact_of_nobody_stands_for_itself_again(pool: Pool) -> None:
    tenant, mario = uuid4(), uuid4()
    await take(pool, received(tenant), customer(tenant, mario, JONAH))

    await take(pool, customer(tenant, mario, occurred_at=LATER))
    await take(pool, received(tenant, "who am I?"))

    found = await conversations(pool, tenant)
    assert (found[own(tenant)]["customer_id"], found[own(tenant)]["merged_into"]) == (None, None)
    assert found[of_customer(tenant, mario)]["status"] == "ARCHIVED", "it has nothing to show"
    assert (await told(pool, tenant))[-1].customer_id is None
    assert await places(pool, tenant, own(tenant)) == [1, 2]


async def test_a_message_that_was_routed_before_the_link_keeps_its_conversation_and_has_the_customer(pool: Pool) -> None:
    tenant, mario = uuid4(), uuid4()
    await take(pool, received(tenant, "one"), customer(tenant, mario, JONAH))
    await rows(pool, tenant, "update conversations set status = 'ARCHIVED', unread_count = 0")

    late = received(tenant, "yes", sent_at=LATER)
    await take(pool, late)

    created = (await told(pool, tenant))[-1]
    assert (created.conversation_id, created.thread_position, created.customer_id) == (own(tenant), 2, mario)
    found = await conversations(pool, tenant)
    assert (found[own(tenant)]["unread_count"], found[of_customer(tenant, mario)]["unread_count"]) == (1, 0)
    assert found[of_customer(tenant, mario)]["status"] == "ACTIVE", "what shows it is in the inbox again"


async def test_a_first_message_that_comes_after_the_link_is_linked_at_once(pool: Pool) -> None:
    tenant, mario = uuid4(), uuid4()
    await take(pool, customer(tenant, mario, JONAH))

    await take(pool, received(tenant, "one"), received(tenant, "two"))

    assert [(each.conversation_id, each.customer_id) for each in await told(pool, tenant)] == [(own(tenant), mario)] * 2
    assert (await conversations(pool, tenant))[own(tenant)]["merged_into"] == of_customer(tenant, mario)


async def test_a_doubtful_sender_is_not_taken_for_the_customer(pool: Pool) -> None:
    tenant, mario = uuid4(), uuid4()
    doubtful = {"sender_not_trusted": True}
    await take(pool, customer(tenant, mario, JONAH))
    await take(pool, received(tenant, "one", external_metadata=doubtful))
    assert (await conversations(pool, tenant))[own(tenant)]["customer_id"] is None

    linked = uuid4()
    await take(pool, received(linked, "honest"))
    await take(pool, customer(linked, mario, JONAH))
    await take(pool, received(linked, "doubtful", external_metadata=doubtful))

    assert [each.customer_id for each in (*await told(pool, tenant), *await told(pool, linked))] == [None, None, None]


async def test_a_sender_who_is_linked_while_they_write_is_linked(pool: Pool) -> None:
    tenant, mario = uuid4(), uuid4()
    addresses = [f"+1555010{number:04d}" for number in range(40)]
    messages = [take(pool, received(tenant, sender=address)) for address in addresses]
    words = [take(pool, customer(tenant, mario, *addresses[: count + 1], occurred_at=NOW + timedelta(seconds=count))) for count in range(40)]

    await asyncio.gather(*(each for pair in zip(messages, words, strict=True) for each in pair))

    found = await conversations(pool, tenant)
    shown = of_customer(tenant, mario)
    assert {found[own(tenant, address)]["merged_into"] for address in addresses} == {shown}
    assert len(found) == len(addresses) + 1


async def test_the_contacts_of_two_tenants_do_not_meet(pool: Pool) -> None:
    mine, theirs, mario = uuid4(), uuid4(), uuid4()
    await take(pool, received(mine), received(theirs))

    await take(pool, customer(mine, mario, JONAH))

    assert (await conversations(pool, mine))[own(mine)]["customer_id"] == mario
    assert (await conversations(pool, theirs))[own(theirs)]["customer_id"] is None
