"""From the outbox to the topics: in order, all replicas, and deleted only when acknowledged.

One process at a time publishes the outbox of a database: the one that holds the advisory lock. Each round sends at most one Kafka batch to a
partition and waits for it, so that a failed send can never be overtaken by a later one. What was sent but not deleted is sent again: consumers
know it by its id.
"""

import asyncio
import time
from collections import defaultdict
from contextlib import suppress
from functools import lru_cache
from uuid import UUID

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder
from pydantic_core import from_json

from libs import kafka, telemetry
from libs.cloud_events import CONTENT_TYPE
from libs.postgres import Connection
from libs.retry import Stopping, until_it_works
from libs.settings import Settings

log = structlog.get_logger()

ROUND = 1_000
POLL_SECONDS = 0.25
LEADER_LOCK = 0x0C0_4A_DA
LEADER_POLL_SECONDS = 1.0


class Relay:
    """Publishes one service's outbox for as long as it runs."""

    def __init__(self, service: str, settings: Settings, stopping: asyncio.Event) -> None:
        self._service = service
        self._settings = settings
        self._stopping = stopping
        self._wake = asyncio.Event()
        self.leading = False

    def wake(self) -> None:
        """Look into the outbox now rather than at the next poll."""
        self._wake.set()

    async def run(self) -> None:
        """Publish until asked to stop, whatever fails on the way; then publish what is left, if that works at once."""
        while not self._stopping.is_set():
            try:
                await until_it_works(self._lead, self._stopping, doing="relaying the outbox")
            except Stopping:
                return

    async def _lead(self) -> None:
        connection = await asyncpg.connect(self._settings.database_url.get_secret_value(), timeout=5, command_timeout=30)
        try:
            await connection.execute(f"set application_name = '{self._service}-relay'; set role comanda_worker; set synchronous_commit = off")
            while not await connection.fetchval("select pg_try_advisory_lock($1)", LEADER_LOCK):
                await asyncio.sleep(LEADER_POLL_SECONDS)
                if self._stopping.is_set():
                    return
            await self._publish_with_new_producer(connection)
        finally:
            self.leading = False
            connection.terminate()

    async def _publish_with_new_producer(self, connection: Connection) -> None:
        producer = kafka.producer(self._settings, f"{self._service}-relay")
        try:
            await producer.start()
            self.leading = True
            sent: list[int] = []
            while True:
                self._wake.clear()
                rows = await self._take(connection, sent)
                sent = await self._send(producer, rows) if rows else []
                if not rows and self._stopping.is_set():
                    return
                if len(rows) < ROUND:
                    await self._rest()
        finally:
            await producer.stop()

    async def _rest(self) -> None:
        """Wait until something was committed here, or until it is time to look for what others committed or a crash left."""
        if self._stopping.is_set():
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self._wake.wait()

    async def _take(self, connection: Connection, sent: list[int]) -> list[asyncpg.Record]:
        """Delete what was acknowledged and return what is to be sent next, in one round trip. A crash in between sends again."""
        rows = await connection.fetch(
            """
            with done as (delete from outbox where position = any($1::bigint[]))
            select position, id, distributor_id, aggregate_id, type, key, sequence, payload, headers,
                   extract(epoch from created_at)::float8 as created
              from outbox where position <> all($1::bigint[]) order by position limit $2
            """,
            sent,
            ROUND,
        )
        telemetry.OUTBOX_AGE.set(max(0.0, time.time() - rows[0]["created"]) if rows else 0)
        return rows

    async def _send(self, producer: AIOKafkaProducer, rows: list[asyncpg.Record]) -> list[int]:
        """Send one batch to each partition. Returns the positions of what the broker has acknowledged."""
        partitions = {topic: await producer.partitions_for(topic) for topic in {row["type"] for row in rows}}
        batches: dict[tuple[str, int], BatchBuilder] = {}
        full: set[tuple[str, int]] = set()
        positions: list[int] = []
        counts: dict[str, int] = defaultdict(int)
        for row in rows:
            topic, key = row["type"], row["key"].encode()
            place = (topic, _hash(key) % len(partitions[topic]))
            if place in full:
                continue
            batch = batches.get(place) or batches.setdefault(place, producer.create_batch())
            if batch.append(timestamp=None, key=key, value=row["payload"].encode(), headers=self._headers(row)) is None:
                full.add(place)
                continue
            positions.append(row["position"])
            counts[topic] += 1
        acknowledgements = [await producer.send_batch(batch, topic, partition=partition) for (topic, partition), batch in batches.items()]
        await asyncio.gather(*acknowledgements)
        for topic, count in counts.items():
            telemetry.PUBLISHED.labels(topic).inc(count)
        return positions

    def _headers(self, row: asyncpg.Record) -> list[tuple[str, bytes]]:
        event_id: UUID = row["id"]
        headers = {
            "content-type": CONTENT_TYPE,
            "ce_specversion": "1.0",
            "ce_id": str(event_id),
            "ce_source": self._service,
            "ce_type": row["type"],
            "ce_subject": row["aggregate_id"],
            "ce_distributorid": str(row["distributor_id"]),
            "ce_correlationid": str(event_id),
            "ce_sequence": str(row["sequence"]),
        }
        headers |= from_json(row["headers"])
        return [(name, value.encode()) for name, value in headers.items()]


@lru_cache(maxsize=65_536)
def _hash(key: bytes) -> int:
    """Return what Kafka's own clients place a key by, so that everybody's records of a key are in one partition."""
    return murmur2(key) & 0x7FFF_FFFF
