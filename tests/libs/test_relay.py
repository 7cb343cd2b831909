"""The outbox reaches the topics: in order, all of it, whatever fails on the way."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from deploy.local.broker import Broker, start_broker
from libs import outbox
from libs.postgres import Pool, tenant_transaction
from libs.relay import Relay
from libs.settings import Settings
from tests.contracts import oracle
from tests.libs import notes, wire
from tests.libs.conftest import new_event_type, settings_for
from tests.libs.notes import NoteTaken, note
from tests.libs.waiting import eventually, until
from tests.libs.wire import Record


@asynccontextmanager
async def relaying(settings: Settings) -> AsyncGenerator[Relay]:
    """Run a relay until the end of the block."""
    stopping = asyncio.Event()
    relay = Relay(notes.TEMPLATE, settings, stopping)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(relay.run())
        try:
            yield relay
        finally:
            stopping.set()


async def _say(pool: Pool, tenant: UUID, event_type: type[NoteTaken], conversations: Sequence[UUID], contents: range) -> None:
    """Say one note a transaction, going round the conversations."""
    for number in contents:
        async with tenant_transaction(pool, [tenant]) as tx:
            await outbox.enqueue(tx, note(event_type, tenant, str(number), conversations[number % len(conversations)]))


async def _waiting(pool: Pool, tenant: UUID) -> int:
    async with tenant_transaction(pool, [tenant]) as tx:
        return await tx.fetchval("select count(*) from outbox")


async def _emptied(pool: Pool, tenant: UUID, seconds: float = 60) -> None:
    async def empty() -> bool:
        return await _waiting(pool, tenant) == 0

    await eventually(empty, seconds)


def _sequences_by_key(records: Sequence[Record]) -> dict[bytes, list[int]]:
    """The numbers of each key's events as they came, each event counted when it came first."""
    numbers: dict[bytes, list[int]] = defaultdict(list)
    seen: set[bytes] = set()
    for record in records:
        headers = dict(record.headers)
        if headers["ce_id"] not in seen:
            seen.add(headers["ce_id"])
            numbers[record.key or b""].append(int(headers["ce_sequence"]))
    return numbers


async def test_every_key_keeps_its_order_and_what_is_acknowledged_is_deleted(
    pool: Pool, tenant: UUID, event_type: type[NoteTaken], broker: Broker, running_settings: Settings
) -> None:
    conversations = [uuid4() for _ in range(5)]
    await _say(pool, tenant, event_type, conversations, range(100))
    async with relaying(running_settings) as relay:
        await _say(pool, tenant, event_type, conversations, range(100, 150))
        relay.wake()
        await _emptied(pool, tenant)
    records = await wire.read(broker.bootstrap, event_type.topic, 150)
    assert _sequences_by_key(records) == {str(each).encode(): list(range(1, 31)) for each in conversations}


async def test_what_the_relay_publishes_is_a_cloud_event(
    pool: Pool, tenant: UUID, event_type: type[NoteTaken], broker: Broker, running_settings: Settings
) -> None:
    cause, event = note(event_type, tenant, "cause"), note(event_type, tenant, "naïve café ☕")
    async with tenant_transaction(pool, [tenant]) as tx:
        await outbox.enqueue(tx, event.because_of(cause))
    async with relaying(running_settings):
        (record,) = await wire.read(broker.bootstrap, event_type.topic, 1)
    attributes, data = oracle.read(record.headers, record.key or b"", record.value or b"")
    assert attributes == oracle.attributes_of([(name, text.decode()) for name, text in record.headers], event.key)
    assert data == event.model_dump(mode="json")
    assert (
        attributes
        | {
            "source": notes.TEMPLATE,
            "type": event.topic,
            "time": event.occurred_at,
            "subject": str(event.note_id),
            "partitionkey": str(event.conversation_id),
            "correlationid": str(cause.envelope.correlation_id),
            "causationid": str(cause.envelope.id),
            "sequence": "1",
        }
        == attributes
    )


async def test_what_is_waiting_when_asked_to_stop_is_still_published(
    pool: Pool, tenant: UUID, event_type: type[NoteTaken], broker: Broker, running_settings: Settings
) -> None:
    async with relaying(running_settings) as relay:
        await until(lambda: relay.leading)
        await _say(pool, tenant, event_type, [uuid4()], range(20))
    assert await _waiting(pool, tenant) == 0
    assert len(await wire.read(broker.bootstrap, event_type.topic, 20)) == 20


async def test_of_two_relays_one_leads_and_the_other_takes_over_when_it_dies(
    pool: Pool, tenant: UUID, event_type: type[NoteTaken], broker: Broker, running_settings: Settings
) -> None:
    conversation = uuid4()
    first = Relay(notes.TEMPLATE, running_settings, asyncio.Event())
    dying = asyncio.create_task(first.run())
    await until(lambda: first.leading)
    async with relaying(running_settings) as second:
        await _say(pool, tenant, event_type, [conversation], range(20))
        await _emptied(pool, tenant)
        assert not second.leading
        dying.cancel()
        with suppress(asyncio.CancelledError):
            await dying
        await _say(pool, tenant, event_type, [conversation], range(20, 40))
        await until(lambda: second.leading)
        await _emptied(pool, tenant)
    records = await wire.read(broker.bootstrap, event_type.topic, 40)
    assert _sequences_by_key(records) == {str(conversation).encode(): list(range(1, 41))}


async def test_a_topic_that_is_missing_holds_the_outbox_until_it_is_there(
    pool: Pool, tenant: UUID, broker: Broker, running_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Early(NoteTaken):
        """A note on a topic that is created late."""

        topic = f"note.early_{uuid4().hex}"

    await _say(pool, tenant, Early, [uuid4()], range(3))
    async with relaying(running_settings):
        await wire.create_topic(broker.bootstrap, Early.topic)
        await _emptied(pool, tenant)
    assert len(await wire.read(broker.bootstrap, Early.topic, 3)) == 3


async def test_the_outbox_outlives_a_broker_that_dies_and_nothing_is_lost_or_overtaken(
    pool: Pool, tenant: UUID, settings: Settings, database_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = start_broker(folder)
    if broker.kind == "own":
        pytest.skip("the broker is not ours to kill")
    try:
        event_type = await new_event_type(broker, monkeypatch)
        conversation = uuid4()
        async with relaying(settings_for(broker, settings, database_url)) as relay:
            await _say(pool, tenant, event_type, [conversation], range(50))
            await _emptied(pool, tenant)
            published = await wire.read(broker.bootstrap, event_type.topic, 50)
            broker.kill()
            await _say(pool, tenant, event_type, [conversation], range(50, 100))
            relay.wake()
            assert await _waiting(pool, tenant) == 50
            broker.restart()
            if broker.kind == "embedded":  # it keeps its topics in memory
                await wire.create_topic(broker.bootstrap, event_type.topic)
                published += await _after(broker, event_type, 50)
            else:
                published = await _after(broker, event_type, 100)
            await _emptied(pool, tenant)
        assert _sequences_by_key(published) == {str(conversation).encode(): list(range(1, 101))}
    finally:
        broker.stop()


async def _after(broker: Broker, event_type: type[NoteTaken], count: int) -> list[Record]:
    """Read until `count` different events came."""
    records: list[Record] = []
    async with wire.reader(broker.bootstrap, event_type.topic) as consumer, asyncio.timeout(90):
        while len({dict(record.headers)["ce_id"] for record in records}) < count:
            for taken in (await consumer.getmany(timeout_ms=100)).values():
                records.extend(taken)
    return records
