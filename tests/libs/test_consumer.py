"""From a topic into the database: everything once, whatever crashes in between."""

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.local.broker import Broker
from libs.consumer import Consumer, InBatches
from libs.postgres import Pool, Transaction, tenant_transaction
from libs.settings import Settings
from tests.libs import notes, wire
from tests.libs.conftest import consuming
from tests.libs.notes import NoteTaken, note
from tests.libs.waiting import eventually
from tests.libs.wire import raw


async def kept(pool: Pool, tenant: UUID) -> list[str]:
    """What the notes of `tenant` say, in the order in which they were kept."""
    async with tenant_transaction(pool, [tenant]) as tx:
        return [row["content"] for row in await tx.fetch("select content from notes order by place")]


async def all_kept(pool: Pool, tenant: UUID, *contents: str, seconds: float = 30) -> None:
    """Wait until the notes say this, in any order, and nothing else."""

    async def found() -> bool:
        return sorted(await kept(pool, tenant)) == sorted(contents)

    await eventually(found, seconds)


async def committed(settings: Settings, topic: str, group: str = notes.TEMPLATE) -> int:
    """How many records of `topic` the group has left behind it."""
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        return sum([await consumer.committed(TopicPartition(topic, partition)) or 0 for partition in range(3)])
    finally:
        await consumer.stop()


async def test_events_are_handled_in_the_order_of_their_key_and_their_offsets_committed(
    pool: Pool, tenant: UUID, event_type: type[NoteTaken], broker: Broker, running_settings: Settings
) -> None:
    conversation = uuid4()
    events = [note(event_type, tenant, f"{number:02}", conversation) for number in range(40)]
    async with consuming(running_settings, {event_type: notes.remember}, pool):
        await wire.send(broker.bootstrap, event_type.topic, *map(raw, events))
        await all_kept(pool, tenant, *(event.content for event in events))
    assert await kept(pool, tenant) == [event.content for event in events]
    assert await committed(running_settings, event_type.topic) == 40
    async with tenant_transaction(pool, [tenant]) as tx:
        assert await tx.fetchval("select count(*) from inbox where consumer = $1", notes.TEMPLATE) == 40
        assert [row["sequence"] for row in await tx.fetch("select sequence from outbox order by position")] == list(range(1, 41))


async def test_a_batch_handler_gets_the_events_of_many_tenants_together(
    pool: Pool, tenant: UUID, event_type: type[NoteTaken], broker: Broker, running_settings: Settings
) -> None:
    sizes: list[int] = []
    other = uuid4()

    async def remember_all(events: Sequence[NoteTaken], tx: Transaction) -> None:
        sizes.append(len(events))
        for event in events:
            await notes.remember(event, tx)

    events = [note(event_type, each, f"{number}") for number in range(10) for each in (tenant, other)]
    await wire.send(broker.bootstrap, event_type.topic, *map(raw, events))
    async with consuming(running_settings, {event_type: InBatches(remember_all)}, pool):
        await all_kept(pool, tenant, *map(str, range(10)))
        await all_kept(pool, other, *map(str, range(10)))
    assert max(sizes) > 1


async def test_many_records_are_taken_side_by_side_each_conversation_in_its_order(
    pool: Pool, tenant: UUID, event_type: type[NoteTaken], broker: Broker, running_settings: Settings
) -> None:
    at_work, most_at_work = 0, 0

    async def remember_all(events: Sequence[NoteTaken], tx: Transaction) -> None:
        nonlocal at_work, most_at_work
        at_work += 1
        most_at_work = max(most_at_work, at_work)
        for event in events:
            await notes.remember(event, tx)
        at_work -= 1

    conversations = [uuid4() for _ in range(12)]
    events = [note(event_type, tenant, f"{number:03} of {conversation}", conversation) for number in range(50) for conversation in conversations]
    await wire.send(broker.bootstrap, event_type.topic, *map(raw, events))
    async with consuming(running_settings, {event_type: InBatches(remember_all)}, pool):
        await all_kept(pool, tenant, *(event.content for event in events))
    contents = await kept(pool, tenant)
    for conversation in conversations:
        assert [content for content in contents if str(conversation) in content] == [f"{number:03} of {conversation}" for number in range(50)]
    assert most_at_work > 1


async def test_a_consumer_knows_while_more_comes_than_it_takes_at_once(
    pool: Pool, tenant: UUID, event_type: type[NoteTaken], broker: Broker, running_settings: Settings
) -> None:
    flooded: list[bool] = []
    running: list[Consumer] = []

    async def remember(event: NoteTaken, tx: Transaction) -> None:
        flooded.append(running[0].flooded)
        await notes.remember(event, tx)

    conversation = uuid4()
    await wire.send(broker.bootstrap, event_type.topic, *(raw(note(event_type, tenant, f"{number}", conversation)) for number in range(20)))
    small = running_settings.model_copy(update={"kafka_batch_size": 5})
    async with consuming(small, {event_type: remember}, pool) as consumer:
        running.append(consumer)
        await all_kept(pool, tenant, *map(str, range(20)))

        async def calm() -> bool:
            return not consumer.flooded

        await eventually(calm)
    assert any(flooded)


async def test_a_crash_between_the_commit_and_the_offsets_repeats_nothing(
    pool: Pool, tenant: UUID, event_type: type[NoteTaken], broker: Broker, running_settings: Settings
) -> None:
    await wire.send(broker.bootstrap, event_type.topic, *(raw(note(event_type, tenant, content)) for content in "abc"))
    crashing = Consumer(notes.TEMPLATE, running_settings, {event_type: notes.remember}, pool, asyncio.Event(), lambda: None)
    await crashing.take(await wire.read(broker.bootstrap, event_type.topic, 3))
    assert await committed(running_settings, event_type.topic) == 0
    async with consuming(running_settings, {event_type: notes.remember}, pool):
        await wire.send(broker.bootstrap, event_type.topic, raw(note(event_type, tenant, "d")))
        await all_kept(pool, tenant, "a", "b", "c", "d")
    assert await committed(running_settings, event_type.topic) == 4


async def test_the_same_event_twice_in_one_batch_is_handled_once(
    pool: Pool, tenant: UUID, event_type: type[NoteTaken], broker: Broker, running_settings: Settings
) -> None:
    once = raw(note(event_type, tenant, "once"))
    await wire.send(broker.bootstrap, event_type.topic, once, once, raw(note(event_type, tenant, "end")))
    async with consuming(running_settings, {event_type: notes.remember}, pool):
        await all_kept(pool, tenant, "once", "end")


async def test_two_consumers_each_handle_every_event(
    pool: Pool, tenant: UUID, event_type: type[NoteTaken], broker: Broker, running_settings: Settings
) -> None:
    await wire.send(broker.bootstrap, event_type.topic, raw(note(event_type, tenant, "x")))
    async with (
        consuming(running_settings, {event_type: notes.remember}, pool),
        consuming(running_settings, {event_type: notes.remember}, pool, "another"),
    ):
        await all_kept(pool, tenant, "x", "x")


async def test_a_stop_finishes_the_batch_in_hand_and_commits_its_offsets(
    pool: Pool, tenant: UUID, event_type: type[NoteTaken], broker: Broker, running_settings: Settings
) -> None:
    in_hand, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(event: NoteTaken, tx: Transaction) -> None:
        await notes.remember(event, tx)
        in_hand.set()
        await go_on.wait()

    await wire.send(broker.bootstrap, event_type.topic, raw(note(event_type, tenant, "in hand")))
    async with consuming(running_settings, {event_type: slowly}, pool):
        await asyncio.wait_for(in_hand.wait(), 30)
        asyncio.get_running_loop().call_later(0.2, go_on.set)
    assert await kept(pool, tenant) == ["in hand"]
    assert await committed(running_settings, event_type.topic) == 1


async def test_a_replayed_record_reaches_only_the_consumer_that_it_is_for(
    pool: Pool, tenant: UUID, event_type: type[NoteTaken], broker: Broker, running_settings: Settings
) -> None:
    records = [raw(note(event_type, tenant, name), ("comanda-redeliver-to", name.encode())) for name in ("somebody_else", notes.TEMPLATE)]
    await wire.send(broker.bootstrap, event_type.topic, *records, raw(note(event_type, tenant, "for all")))
    async with consuming(running_settings, {event_type: notes.remember}, pool):
        await all_kept(pool, tenant, notes.TEMPLATE, "for all")
    assert await committed(running_settings, event_type.topic) == 3
