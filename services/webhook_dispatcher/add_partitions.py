"""The job that makes next month's partition of the log of attempts before the month begins."""

from datetime import UTC, datetime

from libs.service import Service
from services.webhook_dispatcher import attempt_store


async def add_partitions(service: Service) -> int:
    """Make what is missing; almost always that is nothing."""
    async with service.pool.acquire() as connection:
        return await attempt_store.add_partitions(connection, datetime.now(UTC).date())
