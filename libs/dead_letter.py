"""Records that were refused for ever: kept on `<topic>.dlq`, byte for byte, with everything needed to send them again."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from aiokafka import ConsumerRecord

from libs import kafka, telemetry
from libs.settings import Settings

log = structlog.get_logger()

SUFFIX = ".dlq"
WINDOW_SECONDS = 60.0
LONGEST_REASON = 1_000
REDELIVER_TO = "comanda-redeliver-to"
"""Header of a replayed record: the one consumer that is to take it."""


class TooManyRefused(Exception):
    """So much was refused that something is wrong with the consumer rather than with the records."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record, and why it was refused. The reason holds nothing of what the record says."""

    record: "ConsumerRecord[bytes, bytes]"
    error: str
    reason: str


class DeadLetters:
    """Where one consumer's refused records go."""

    def __init__(self, consumer: str, settings: Settings) -> None:
        self._consumer = consumer
        self._settings = settings
        self._recent: deque[float] = deque()
        self._one_at_a_time = asyncio.Lock()

    async def put(self, refusals: Sequence[Refusal]) -> None:
        """Keep `refusals`. Raises TooManyRefused, and keeps none, when they are more than may happen in a minute."""
        if refusals:
            async with self._one_at_a_time:
                await self._put(refusals)

    async def _put(self, refusals: Sequence[Refusal]) -> None:
        self._demand_room(len(refusals))
        producer = kafka.producer(self._settings, f"{self._consumer}-dead-letters")
        try:
            await producer.start()
            for refusal in refusals:
                record = refusal.record
                await producer.send_and_wait(record.topic + SUFFIX, value=record.value, key=record.key, headers=self._headers(refusal))
                telemetry.CONSUMED.labels(record.topic, "refused").inc()
                log.error(
                    "event_refused", topic=record.topic, partition=record.partition, offset=record.offset, error=refusal.error, reason=refusal.reason
                )
        finally:
            await producer.stop()
        self._recent.extend([time.monotonic()] * len(refusals))

    def _demand_room(self, refused: int) -> None:
        now = time.monotonic()
        while self._recent and self._recent[0] < now - WINDOW_SECONDS:
            self._recent.popleft()
        if len(self._recent) + refused > self._settings.dead_letters_per_minute:
            raise TooManyRefused(f"more than {self._settings.dead_letters_per_minute} records refused within a minute")

    def _headers(self, refusal: Refusal) -> list[tuple[str, bytes]]:
        record = refusal.record
        about = {
            "dlq-consumer": self._consumer,
            "dlq-topic": record.topic,
            "dlq-partition": str(record.partition),
            "dlq-offset": str(record.offset),
            "dlq-timestamp": str(record.timestamp),
            "dlq-error": refusal.error,
            "dlq-reason": refusal.reason[:LONGEST_REASON],
        }
        original = [(name, value) for name, value in record.headers if name != REDELIVER_TO]
        return [*original, *((name, text.encode()) for name, text in about.items())]
