"""What customers wrote is stored, once, in its place, and told."""

import asyncio
from uuid import UUID, uuid4

from libs import postgres
from libs.postgres import Pool
from schemas.message_created import MessageCreated
from schemas.message_received import MessageReceived
from services.message_store.__main__ import CONSUMES
from tests.conftest import NewPool
from tests.consuming import arrived, consume, said
from tests.making import received


async def take(pool: Pool, *events: MessageReceived) -> None:
    await consume(pool, "message_store", CONSUMES, *events)


async def positions(pool: Pool, distributor_id: UUID) -> list[int]:
    async with postgres.tenant_transaction(pool, [distributor_id]) as tx:
        return [row["thread_position"] for row in await tx.fetch("select thread_position from messages order by thread_position")]


async def test_a_message_is_stored_in_its_conversation_and_told(new_pool: NewPool) -> None:
    pool, tenant = await new_pool("message_store"), uuid4()
    event = received(tenant, "3 cs whole milk")
    await take(pool, event)
    [created] = await said(pool, tenant, MessageCreated)
    assert (created.conversation_id, created.thread_position, created.content) == (event.conversation_id, 1, "3 cs whole milk")
    assert created.is_from_customer
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        conversation = await tx.fetchrow("select * from conversations")
    assert conversation is not None
    assert (conversation["id"], conversation["unread_count"], conversation["last_thread_position"]) == (event.conversation_id, 1, 1)


async def test_a_redelivered_event_changes_nothing(new_pool: NewPool) -> None:
    pool, tenant = await new_pool("message_store"), uuid4()
    event = received(tenant)
    await take(pool, event)
    await take(pool, event)
    assert len(await said(pool, tenant)) == 1
    assert await positions(pool, tenant) == [1]


async def test_the_same_message_in_another_event_is_stored_once(new_pool: NewPool) -> None:
    pool, tenant = await new_pool("message_store"), uuid4()
    event = received(tenant, external_id="wamid.same")
    again = arrived(event.model_copy())
    await take(pool, event, again)
    await take(pool, arrived(event.model_copy()))
    assert await positions(pool, tenant) == [1]
    assert len(await said(pool, tenant)) == 1


async def test_positions_stay_gapless_over_batches_duplicates_and_conversations(new_pool: NewPool) -> None:
    pool, tenant = await new_pool("message_store"), uuid4()
    first = [received(tenant, f"first {n}") for n in range(5)]
    other = [received(tenant, f"other {n}", sender="+15550100002") for n in range(3)]
    await take(pool, first[0], other[0], first[1], first[0], other[1])
    await take(pool, first[1], first[2], other[2], first[3], first[4])
    created = await said(pool, tenant, MessageCreated)
    for conversation in {event.conversation_id for event in (*first, *other)}:
        mine = [event for event in created if event.conversation_id == conversation]
        assert [event.thread_position for event in mine] == list(range(1, len(mine) + 1))
    assert [event.content for event in created if event.address == "+15550100001"] == [f"first {n}" for n in range(5)]


async def test_concurrent_first_messages_make_one_conversation_without_gaps(new_pool: NewPool) -> None:
    pool, tenant = await new_pool("message_store"), uuid4()
    await asyncio.gather(*(take(pool, received(tenant, f"{n}")) for n in range(20)))
    assert await positions(pool, tenant) == list(range(1, 21))
    assert sorted(event.thread_position for event in await said(pool, tenant, MessageCreated)) == list(range(1, 21))


async def test_two_tenants_with_the_same_provider_ids_do_not_meet(new_pool: NewPool) -> None:
    pool, mine, theirs = await new_pool("message_store"), uuid4(), uuid4()
    await take(pool, received(mine, "mine", external_id="wamid.1"), received(theirs, "theirs", external_id="wamid.1"))
    assert [event.content for event in await said(pool, mine)] == ["mine"]
    assert [event.content for event in await said(pool, theirs)] == ["theirs"]
