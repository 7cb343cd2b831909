"""A consumer that has records to take and takes none is stuck; one that waits in place is not."""

import pytest
from aiokafka import TopicPartition

from deploy.local.broker import Broker
from libs import progress
from libs.progress import Progress
from tests.libs import wire
from tests.libs.notes import NoteTaken
from tests.libs.wire import Raw

RECORDS = [Raw(value=str(number).encode()) for number in range(5)]


async def test_a_consumer_that_leaves_records_untaken_stands_still_until_it_moves(
    event_type: type[NoteTaken], broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LOOK_EVERY_SECONDS", 0.0)
    partition = TopicPartition(event_type.topic, 0)
    await wire.send(broker.bootstrap, event_type.topic, *RECORDS, partition=0)
    watched = Progress()
    async with wire.reader(broker.bootstrap, event_type.topic) as kafka:
        assert len((await kafka.getmany(timeout_ms=20_000, max_records=1))[partition]) == 1
        await watched.look(kafka)
        assert watched.stands_still_for() == 0
        await watched.look(kafka)
        assert watched.stands_still_for() > 0
        with watched:
            assert watched.stands_still_for() == 0
        await watched.look(kafka)
        assert watched.stands_still_for() > 0
        taken = await kafka.getmany(timeout_ms=20_000)
        assert len(taken[partition]) == len(RECORDS) - 1
        await watched.look(kafka)
        assert watched.stands_still_for() == 0
        await watched.look(kafka)
        assert watched.stands_still_for() == 0
