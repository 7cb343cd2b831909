"""Many write at once: one conversation, no gap, nothing twice, and no deadlock that is not got over."""

import asyncio
import random
from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest_asyncio

from libs import postgres
from libs.consumer import Consumer
from libs.postgres import Pool
from schemas.event import Event
from schemas.message_created import MessageCreated
from services.message_store import linking_store, received_store
from services.message_store.__main__ import CONSUMES
from tests.conftest import NewPool
from tests.consuming import arrived, nowhere, record, said
from tests.libs.waiting import eventually
from tests.making import received
from tests.message_store.conversations import JONAH, MARIA, conversations, own, places, reply, rows, take, told

SENDERS = [f"+1555010{number:04d}" for number in range(8)]


@pytest_asyncio.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A fresh database of message_store."""
    return await new_pool("message_store")


async def waits_for_a_lock(pool: Pool) -> bool:
    query = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    return bool(await pool.fetchval(query))


async def in_the_end(pool: Pool, *events: Event) -> None:
    """Take a batch in as the runtime does: what is transient is repeated."""
    consumer = Consumer("message_store", nowhere(), CONSUMES, pool, asyncio.Event(), lambda: None)
    await consumer.take([record(event, offset) for offset, event in enumerate(events)])


async def assert_gapless(pool: Pool, tenant: UUID, messages: int) -> None:
    created: Sequence[MessageCreated] = await told(pool, tenant)
    assert len(created) == len({event.message_id for event in created}) == messages
    for conversation, row in (await conversations(pool, tenant)).items():
        mine = [event.thread_position for event in created if event.conversation_id == conversation]
        assert mine == await places(pool, tenant, conversation) == list(range(1, len(mine) + 1))
        assert row["last_thread_position"] == len(mine)


async def test_two_messages_of_one_sender_at_once_make_one_conversation(pool: Pool) -> None:
    tenant = uuid4()
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        first = await received_store.insert_received(tx, [received(tenant, "an image")])
        second = asyncio.create_task(take(pool, received(tenant, "what is on it")))
        await eventually(lambda: waits_for_a_lock(pool))
        assert [stored.thread_position for stored in first.values()] == [1]
    await second
    assert list(await conversations(pool, tenant)) == [own(tenant)]
    found = await rows(pool, tenant, "select content, thread_position from messages order by thread_position")
    assert [tuple(row.values()) for row in found] == [("an image", 1), ("what is on it", 2)]


async def test_fifty_batches_at_once_leave_places_gapless(pool: Pool) -> None:
    tenant, chance = uuid4(), random.Random(7)
    batches = [[received(tenant, sender=sender) for sender in chance.choices(SENDERS, k=12)] for _ in range(50)]

    await asyncio.gather(*(take(pool, *batch) for batch in batches))

    await assert_gapless(pool, tenant, 50 * 12)
    unread = sum(row["unread_count"] for row in (await conversations(pool, tenant)).values())
    assert unread == 50 * 12


async def test_replies_and_messages_at_once_leave_places_gapless(pool: Pool) -> None:
    tenant, chance = uuid4(), random.Random(7)
    await take(pool, *(received(tenant, sender=sender) for sender in SENDERS))
    batches: list[list[Event]] = [
        [*(received(tenant, sender=sender) for sender in chance.sample(SENDERS, 4)), *(reply(tenant, own(tenant, each)) for each in SENDERS)]
        for _ in range(4)
    ]

    await asyncio.gather(*(in_the_end(pool, *batch) for batch in batches))

    await assert_gapless(pool, tenant, 8 + 4 * (4 + 8))


async def test_a_storm_of_duplicates_stores_each_message_once(pool: Pool) -> None:
    tenant, chance = uuid4(), random.Random(7)
    events = [received(tenant, f"{number}", sender=chance.choice(SENDERS)) for number in range(40)]
    storm = [[arrived(event.model_copy()) for event in chance.sample(events, 25)] for _ in range(50)] + [events]

    await asyncio.gather(*(take(pool, *batch) for batch in storm))

    await assert_gapless(pool, tenant, 40)
    assert sorted(int(event.content) for event in await told(pool, tenant)) == list(range(40))
    assert len(await rows(pool, tenant, "select * from external_message_mappings")) == 40


async def test_a_batch_that_loses_to_a_deadlock_is_repeated_whole(pool: Pool) -> None:
    tenant = uuid4()
    await take(pool, received(tenant), received(tenant, sender=MARIA))
    jonahs, marias = (tenant, own(tenant, JONAH)), (tenant, own(tenant, MARIA))

    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await linking_store.lock_conversations(tx, [jonahs])
        batch = asyncio.create_task(in_the_end(pool, received(tenant, sender=MARIA), reply(tenant, jonahs[1])))
        await eventually(lambda: waits_for_a_lock(pool))
        await linking_store.lock_conversations(tx, [marias])
        assert not batch.done()
    await batch

    await assert_gapless(pool, tenant, 4)
    assert len(await said(pool, tenant, MessageCreated)) == 4
