"""From a topic into the database: batch, transaction, inbox, handler, outbox, commit, and only then the offsets.

A crash at any line repeats the batch, and the inbox makes the repeat do nothing. FastStream opens and closes the connection; the loop that pulls
is ours, since a FastStream handler that fails either loses its record or repeats it without a pause (docs/decisions/0001).
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zlib import crc32

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from libs import cloud_events, inbox, postgres, telemetry
from libs.dead_letter import REDELIVER_TO, DeadLetters, Refusal, TooManyRefused
from libs.postgres import Pool, Transaction
from libs.progress import Progress
from libs.refused import Refused
from libs.retry import Stopping, is_permanent_in_database, until_it_works
from libs.settings import Settings
from schemas.event import Event

log = structlog.get_logger()

POLL_MS = 200
LANES = 3
SMALLEST_LANE = 100
"""Fewer records than these are not worth a second transaction."""
OFFSETS_EVERY_SECONDS = 1.0
"""Offsets are committed after the work, and not for every batch: what a crash repeats, the inbox knows."""
UNFORESEEN_TRIES = 5
NO_POLL_LIMIT_MS = 7 * 24 * 3600 * 1000
"""A consumer that waits in place stays in its group; that it makes no progress is seen by `stuck` and by its lag."""

Record = ConsumerRecord[bytes, bytes]
OneHandler = Callable[[Any, Transaction], Awaitable[None]]
BatchHandler = Callable[[Sequence[Any], Transaction], Awaitable[None]]
TenantFilter = Callable[[Transaction, set[UUID], str], Awaitable[set[UUID]]]
"""Given tenants and a topic, returns those of them for whom there is something to do."""


@dataclass(frozen=True, slots=True)
class InBatches:
    """A handler that takes all events of its topic in a batch at once, for set-based SQL.

    Events that are not `wanted` are passed over, and so are those of tenants that `for_tenants`, asked in the transaction, leaves out. A handler that
    `knows_repeats` by a unique key of its own takes no places in the inbox.
    """

    handle: BatchHandler
    wanted: Callable[[Any], bool] = lambda _: True
    for_tenants: TenantFilter | None = None
    knows_repeats: bool = False


Handlers = Mapping[type[Event], OneHandler | InBatches]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A record and the event in it."""

    record: Record
    event: Event


class Consumer:
    """One service's consumer on all its topics."""

    def __init__(
        self, service: str, settings: Settings, handlers: Handlers, pool: Pool, stopping: asyncio.Event, committed: Callable[[], None]
    ) -> None:
        self._service = service
        self._settings = settings
        self._handlers = {event_type.topic: handler for event_type, handler in handlers.items()}
        self._filters = {
            topic: handler.for_tenants for topic, handler in self._handlers.items() if isinstance(handler, InBatches) and handler.for_tenants
        }
        self._unclaimed = {topic for topic, handler in self._handlers.items() if isinstance(handler, InBatches) and handler.knows_repeats}
        self._pool = pool
        self._stopping = stopping
        self._committed = committed
        self._dead_letters = DeadLetters(service, settings)
        self._progress = Progress()
        self._done: dict[TopicPartition, int] = {}
        self._offsets_at = 0.0
        self.joined = False
        self.flooded = False
        """The last poll brought as much as a batch may hold: more waits, and jobs that can wait had better do so."""
        self.halted: str | None = None

    async def run(self) -> None:
        """Take batches until asked to stop; the batch in hand is finished first."""
        try:
            await until_it_works(self._consume, self._stopping, doing="consuming")
        except Stopping:
            return
        except TooManyRefused as error:
            self.halted = str(error)
            log.critical("consumer_halted", reason=self.halted, mend="find out why records are refused, then restart this service")
        finally:
            self.joined = False

    def stuck(self) -> bool:
        """Tell whether there has been work for longer than allowed, and nothing came of it."""
        return self.joined and self._progress.stands_still_for() > self._settings.stuck_after_seconds

    async def _consume(self) -> None:
        broker = KafkaBroker(
            self._settings.kafka_bootstrap, client_id=self._service, allow_auto_create_topics=False, graceful_timeout=15, logger=None
        )
        subscriber = broker.subscriber(
            *self._handlers,
            group_id=self._service,
            batch=True,
            ack_policy=AckPolicy.MANUAL,
            auto_offset_reset="earliest",
            session_timeout_ms=self._settings.kafka_session_timeout_ms,
            heartbeat_interval_ms=self._settings.kafka_session_timeout_ms // 3,
            max_poll_interval_ms=NO_POLL_LIMIT_MS,
            rebalance_timeout_ms=self._settings.kafka_session_timeout_ms,
            fetch_max_wait_ms=self._settings.kafka_fetch_max_wait_ms,
        )
        try:
            await broker.start()
            kafka = subscriber.consumer
            if kafka is None:
                raise KafkaError("the consumer did not start")
            self.joined = True
            while not self._stopping.is_set():
                await self._poll(kafka)
            await self._commit(kafka)
        finally:
            await broker.stop()

    async def _poll(self, kafka: AIOKafkaConsumer) -> None:
        by_partition = await kafka.getmany(timeout_ms=POLL_MS, max_records=LANES * self._settings.kafka_batch_size)
        polled = [record for records in by_partition.values() for record in records]
        self.flooded = len(polled) >= self._settings.kafka_batch_size
        if by_partition:
            with self._progress:
                await self._take_in_lanes(polled)
            self._done |= {partition: records[-1].offset + 1 for partition, records in by_partition.items()}
        if self._done and time.monotonic() - self._offsets_at >= OFFSETS_EVERY_SECONDS:
            await self._commit(kafka)
        await self._progress.look(kafka)

    async def _commit(self, kafka: AIOKafkaConsumer) -> None:
        """Commit the offsets of what is done. Where that fails, or a crash comes first, it is read again, and the inbox skips it."""
        done, self._done, self._offsets_at = self._done, {}, time.monotonic()
        ours = {partition: offset for partition, offset in done.items() if partition in kafka.assignment()}
        if not ours:
            return
        try:
            await kafka.commit(ours)
        except KafkaError as error:
            log.warning("offsets_not_committed", error=type(error).__name__)

    async def _take_in_lanes(self, records: Sequence[Record]) -> None:
        """Take many records in transactions side by side, so that one works in the database while another is at work here.

        Records of a key stay in one lane, and so in order. When a lane fails, all are read again.
        """
        lanes: list[list[Record]] = [[] for _ in range(LANES if len(records) >= LANES * SMALLEST_LANE else 1)]
        for record in records:
            lanes[crc32(record.key or b"") % len(lanes)].append(record)
        for failure in await asyncio.gather(*(self.take(lane) for lane in lanes if lane), return_exceptions=True):
            if failure:
                raise failure

    async def take(self, records: Sequence[Record]) -> None:
        """Do everything that `records` ask for, once. Returns when it is committed or refused.

        Raises Stopping when asked to stop while waiting, TooManyRefused when too much is refused.
        """
        started = time.monotonic()
        arrivals, refusals = self._decode(records)
        if arrivals:
            refusals += await self._handle_together_or_alone(arrivals)
            self._committed()
        if refusals:
            await until_it_works(lambda: self._dead_letters.put(refusals), self._stopping, doing="dead-lettering")
            self._offsets_at = 0.0
        telemetry.BATCH_SECONDS.observe(time.monotonic() - started)
        telemetry.BATCH_EVENTS.observe(len(records))

    def _decode(self, records: Iterable[Record]) -> tuple[list[Arrival], list[Refusal]]:
        arrivals: list[Arrival] = []
        refusals: list[Refusal] = []
        for record in records:
            if (addressee := dict(record.headers).get(REDELIVER_TO)) and addressee != self._service.encode():
                continue
            try:
                arrivals.append(Arrival(record, cloud_events.decode(record.topic, record.headers, record.value)))
            except Refused as refused:
                refusals.append(Refusal(record, type(refused).__name__, str(refused)))
        return arrivals, refusals

    async def _handle_together_or_alone(self, arrivals: Sequence[Arrival]) -> list[Refusal]:
        try:
            await self._in_one_transaction(arrivals)
        except Stopping:
            raise
        except Exception as error:
            if len(arrivals) > 1:
                log.warning("batch_repeated_one_by_one", events=len(arrivals), error=type(error).__name__)
            refusals = [await self._handle_alone(arrival) for arrival in arrivals]
            return [refusal for refusal in refusals if refusal]
        return []

    async def _in_one_transaction(self, arrivals: Sequence[Arrival]) -> None:
        """Handle `arrivals` in one transaction, waiting in place while the database is away."""
        await until_it_works(lambda: self.attempt(arrivals), self._stopping, doing="handling a batch")

    async def _handle_alone(self, arrival: Arrival) -> Refusal | None:
        """Handle one event in a transaction of its own; an error that nobody foresaw is tried a few times before it counts as a refusal."""
        for attempt in range(1, UNFORESEEN_TRIES + 1):
            try:
                await self._in_one_transaction([arrival])
            except Stopping:
                raise
            except Refused as refused:
                return Refusal(arrival.record, type(refused).__name__, str(refused))
            except Exception as error:
                log.exception("event_failed", topic=arrival.record.topic, event_id=str(arrival.event.envelope.id), attempt=attempt)
                if attempt == UNFORESEEN_TRIES or is_permanent_in_database(error):
                    return Refusal(arrival.record, type(error).__name__, "the handler failed: see the log of this consumer for event_failed")
                await asyncio.sleep(0.1 * 2**attempt)
            else:
                return None
        return None

    def _wants(self, event: Event) -> bool:
        handler = self._handlers[event.topic]
        return not isinstance(handler, InBatches) or handler.wanted(event)

    async def attempt(self, arrivals: Sequence[Arrival]) -> None:
        """Handle `arrivals` in one transaction, each once. Raises whatever the handlers or the database raise, with nothing done."""
        events = [arrival.event for arrival in arrivals if self._wants(arrival.event)]
        if not events:
            return
        async with postgres.tenant_transaction(self._pool, {event.distributor_id for event in events}) as tx:
            by_topic: dict[str, list[Event]] = {}
            for event in await self._fresh(await self._concerned(events, tx), tx):
                by_topic.setdefault(event.topic, []).append(event)
            for topic, handler in self._handlers.items():
                if topic in by_topic:
                    await _hand_over(handler, by_topic[topic], tx)
        for topic, count in Counter(event.topic for event in events).items():
            telemetry.CONSUMED.labels(topic, "done").inc(count)

    async def _fresh(self, events: Sequence[Event], tx: Transaction) -> list[Event]:
        """Leave out the events that were handled before."""
        to_claim = [event for event in events if event.topic not in self._unclaimed]
        if not to_claim:
            return list(events)
        return [event for event in events if event.topic in self._unclaimed] + await inbox.claim(tx, self._service, to_claim)

    async def _concerned(self, events: Sequence[Event], tx: Transaction) -> Sequence[Event]:
        """Leave out the events of tenants for whom there is nothing to do: they need no place in the inbox."""
        idle: set[tuple[str, UUID]] = set()
        for topic, filtered in self._filters.items():
            if tenants := {event.distributor_id for event in events if event.topic == topic}:
                idle |= {(topic, tenant) for tenant in tenants - await filtered(tx, tenants, topic)}
        return [event for event in events if (event.topic, event.distributor_id) not in idle] if idle else events


async def _hand_over(handler: OneHandler | InBatches, events: Sequence[Event], tx: Transaction) -> None:
    if isinstance(handler, InBatches):
        with telemetry.span(events[0].topic, *(event.envelope for event in events)):
            await handler.handle(events, tx)
        return
    for event in events:
        with telemetry.span(event.topic, event.envelope), structlog.contextvars.bound_contextvars(correlation_id=str(event.envelope.correlation_id)):
            await handler(event, tx)
