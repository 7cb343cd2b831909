"""Records on a real broker: sent raw, and read from the beginning."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.commands.topics import DEAD_LETTERS
from libs import cloud_events
from libs.kafka import LARGEST_RECORD_BYTES
from schemas.event import Event

Record = ConsumerRecord[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """A record as anybody may send it."""

    value: bytes | None
    key: bytes | None = None
    headers: Sequence[tuple[str, Any]] = ()


def raw(event: Event, *more_headers: tuple[str, Any]) -> Raw:
    """Return the record that carries `event`."""
    headers, value = cloud_events.encode(event, event.envelope)
    return Raw(value=value, key=event.key.encode(), headers=[*headers, *more_headers])


async def create_topic(bootstrap: str, topic: str, partitions: int = 3) -> None:
    """Create `topic` and its dead letters."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        await admin.create_topics([NewTopic(topic, partitions, 1), NewTopic(f"{topic}.dlq", 1, 1, topic_configs=DEAD_LETTERS)])
    finally:
        await admin.close()


async def send(bootstrap: str, topic: str, *records: Raw, partition: int | None = None) -> None:
    """Send `records` in this order."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_request_size=LARGEST_RECORD_BYTES)
    try:
        await producer.start()
        for record in records:
            await producer.send_and_wait(topic, value=record.value, key=record.key, headers=list(record.headers), partition=partition)
    finally:
        await producer.stop()


@asynccontextmanager
async def reader(bootstrap: str, topic: str) -> AsyncGenerator[AIOKafkaConsumer]:
    """Open a consumer, of no group, at the beginning of every partition of `topic`."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=50)
    try:
        await consumer.start()
        partitions = [TopicPartition(topic, number) for number in sorted(await _partitions(consumer, topic))]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        yield consumer
    finally:
        await consumer.stop()


async def read(bootstrap: str, topic: str, count: int, seconds: float = 30) -> list[Record]:
    """Return the first `count` records of `topic`. Raises TimeoutError when there are fewer."""
    records: list[Record] = []
    async with reader(bootstrap, topic) as consumer, asyncio.timeout(seconds):
        while len(records) < count:
            for taken in (await consumer.getmany(timeout_ms=100)).values():
                records.extend(taken)
    return records


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    async with asyncio.timeout(20):
        while not (partitions := consumer.partitions_for_topic(topic)):
            await consumer._client.force_metadata_update()  # pyright: ignore[reportPrivateUsage] - a topic that was created just now
            await consumer.topics()
    return partitions
