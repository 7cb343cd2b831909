"""The job that shows how many integrations work, and how many do not."""

import time
from collections.abc import Awaitable, Callable

from libs import postgres
from libs.service import Service
from services.ingest import integrations_store
from services.ingest.metrics import INTEGRATIONS

EVERY_SECONDS = 30.0


def counting() -> Callable[[Service], Awaitable[int]]:
    """Return the job; it looks into the database every half minute."""
    next_at = 0.0

    async def count_integrations(service: Service) -> int:
        """Show the numbers; there is never anything left to do."""
        nonlocal next_at
        if (now := time.monotonic()) >= next_at:
            next_at = now + EVERY_SECONDS
            async with postgres.worker_transaction(service.pool) as worker:
                counts = await integrations_store.count_by_status(worker)
            INTEGRATIONS.clear()
            for (provider, status), count in counts.items():
                INTEGRATIONS.labels(provider, status).set(count)
        return 0

    return count_integrations
