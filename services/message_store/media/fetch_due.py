"""The job that fetches: files are claimed, fetched outside any transaction, and each recorded with its message."""

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta

import structlog

from libs import postgres, storage
from libs.in_flight import work_off
from libs.retry import until_it_works
from libs.service import Service
from services.message_store import media_store
from services.message_store.media import download
from services.message_store.media.domain import MOST_ATTEMPTS, Claimed, Failed, NotFetched, Outcome, decide, put_off
from services.message_store.media.fetch import Fetcher, fetch
from services.message_store.media.record import forget_leftovers, record
from services.message_store.media.sources import Asking
from services.message_store.media_store import Integration
from services.message_store.settings import MessageStoreSettings

log = structlog.get_logger()

AT_ONCE = 8
"""Files that one process fetches at the same time."""
READ_AT_ONCE = 2
"""Of these, files whose text is read at the same time."""
LEASE = timedelta(minutes=5)
"""Longer than asking, downloading, storing, and waiting for seven others to be read."""

Work = tuple[Claimed, Integration | None]


async def fetch_due(service: Service) -> int:
    """Fetch until nothing is due and nothing under way. Returns how many files were tried."""
    settings = service.settings
    assert isinstance(settings, MessageStoreSettings)
    claimed = await _claim(service, AT_ONCE)
    if not claimed:
        return 0
    async with storage.opened(settings) as kept, download.open_session(AT_ONCE, allow_loopback=settings.media_allow_loopback) as session:
        fetcher = Fetcher(Asking(session, settings), kept, asyncio.Semaphore(READ_AT_ONCE))
        return await work_off(
            claimed,
            claim=lambda under_way: _claim(service, AT_ONCE - len(under_way)),
            act=lambda work: _fetch_one(service, fetcher, *work),
            record=_recorded,
        )


async def _recorded(_: Sequence[tuple[Work, None]]) -> None:
    """Nothing is left to do: each file is recorded as soon as it is there, since another may take minutes."""


async def _claim(service: Service, limit: int) -> list[Work]:
    """Claim files as the worker who sees every tenant's queue, then read what they are fetched with as their tenants."""
    if limit == 0 or service.stopping.is_set():
        return []
    async with postgres.worker_transaction(service.pool) as worker:
        claimed = await media_store.claim_due(worker, limit, LEASE)
    if not claimed:
        return []
    async with postgres.tenant_transaction(service.pool, {each.distributor_id for each in claimed}) as tx:
        integrations = await media_store.select_integrations(tx, claimed)
    return [(each, integrations.get(each.id)) for each in claimed]


async def _fetch_one(service: Service, fetcher: Fetcher, claimed: Claimed, integration: Integration | None) -> None:
    """Fetch one file and record what became of it; waits in place while the database is away."""
    outcome = await _try(fetcher, claimed, integration)

    async def in_one_transaction() -> bool:
        async with postgres.tenant_transaction(service.pool, [claimed.distributor_id]) as tx:
            return await record(tx, claimed, outcome)

    wanted = await until_it_works(in_one_transaction, service.stopping, doing="recording a fetched file")
    service.relay.wake()
    log.info("file_tried", attachment_id=str(claimed.id), attempt=claimed.attempt, outcome=type(outcome).__name__, error_code=outcome.error_code)
    await forget_leftovers(fetcher.storage, claimed, outcome, wanted=wanted)


async def _try(fetcher: Fetcher, claimed: Claimed, integration: Integration | None) -> Outcome:
    if claimed.attempt > MOST_ATTEMPTS:
        # Each attempt before ended with its process: whatever it does, it is not to do it for ever.
        return Failed("GAVE_UP")
    jitter = random.uniform(0.8, 1.2)  # noqa: S311 - spreads retries, guards nothing
    try:
        return await fetch(fetcher, claimed, integration)
    except NotFetched as error:
        return decide(claimed.attempt, error, jitter)
    except OSError as error:
        log.warning("storage_away", attachment_id=str(claimed.id), error=type(error).__name__)
        return put_off(jitter)
    except Exception:
        log.exception("fetching_failed", attachment_id=str(claimed.id))
        return decide(claimed.attempt, NotFetched("NOT_FETCHABLE"), jitter)
