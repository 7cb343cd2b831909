"""Whether a consumer moves. One that has records to take and takes none is stuck, however healthy it looks."""

import asyncio
import time
from types import TracebackType

from aiokafka import AIOKafkaConsumer, TopicPartition

from libs import telemetry

LOOK_EVERY_SECONDS = 5.0


class Progress:
    """Watches the positions of one consumer. Enter it while a batch is in hand: waiting in place is not being stuck."""

    def __init__(self) -> None:
        self._positions: dict[TopicPartition, int] = {}
        self._looked_at = 0.0
        self._behind_since: float | None = None
        self._busy = False

    def __enter__(self) -> None:
        self._busy = True
        self._behind_since = None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._busy = False

    def stands_still_for(self) -> float:
        """Return for how many seconds there have been records that nobody took."""
        return 0.0 if self._busy or self._behind_since is None else time.monotonic() - self._behind_since

    async def look(self, kafka: AIOKafkaConsumer) -> None:
        """Compare each position with the end of its partition, every few seconds."""
        if time.monotonic() - self._looked_at < LOOK_EVERY_SECONDS:
            return
        self._looked_at = time.monotonic()
        positions = {partition: await self._position(kafka, partition) for partition in kafka.assignment()}
        lags = {partition: (kafka.highwater(partition) or 0) - position for partition, position in positions.items()}
        for partition, lag in lags.items():
            telemetry.LAG.labels(partition.topic, partition.partition).set(max(0, lag))
        stands_still = any(lag > 0 and self._positions.get(partition) == positions[partition] for partition, lag in lags.items())
        if not stands_still:
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = time.monotonic()
        self._positions = positions

    async def _position(self, kafka: AIOKafkaConsumer, partition: TopicPartition) -> int:
        try:
            return await asyncio.wait_for(kafka.position(partition), 0.5)
        except TimeoutError:
            return 0
