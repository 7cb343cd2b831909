"""The job that delivers: deliveries are claimed, made outside any transaction, and their outcomes recorded together."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import aiohttp

from libs import postgres
from libs.retry import Stopping, until_it_works
from libs.service import Service
from services.webhook_dispatcher import call, delivery_store
from services.webhook_dispatcher.attempt import attempt
from services.webhook_dispatcher.attempt_store import Attempt
from services.webhook_dispatcher.delivery_store import Due
from services.webhook_dispatcher.record import record
from services.webhook_dispatcher.settings import DispatcherSettings

AT_ONCE = 64
"""Calls that one process makes at the same time."""
AT_ONCE_TO_AN_ENDPOINT = 8
LEASE = timedelta(seconds=90)
"""Longer than the longest timeout of an endpoint."""
LOOK_AGAIN_SECONDS = 0.1
"""While calls are under way, new deliveries are looked for this often."""
SETTLE_SECONDS = 0.005
"""Calls that end within this time are recorded in one transaction."""


async def deliver_due(service: Service) -> int:
    """Deliver until nothing is due and nothing under way. Returns how many calls were made."""
    settings = service.settings
    assert isinstance(settings, DispatcherSettings)
    claimed = await _claim(service, AT_ONCE)
    if not claimed:
        return 0
    async with call.open_session(AT_ONCE, allow_loopback=settings.webhook_allow_loopback) as session:
        return await _deliver_all(service, session, claimed)


async def _deliver_all(service: Service, session: aiohttp.ClientSession, claimed: Sequence[Due]) -> int:
    """Deliver `claimed`, and whatever becomes due meanwhile."""
    under_way: set[asyncio.Task[Attempt]] = set()
    calls = 0
    try:
        while True:
            under_way |= {asyncio.create_task(attempt(session, service.settings.master_key, due)) for due in claimed}
            calls += len(claimed)
            if not under_way:
                return calls
            await asyncio.wait(under_way, timeout=LOOK_AGAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            finished, under_way = await asyncio.wait(under_way, timeout=SETTLE_SECONDS)
            await _record(service, [task.result() for task in finished])
            claimed = await _claim(service, AT_ONCE - len(under_way))
    except Stopping:
        return calls
    finally:
        for task in under_way:
            task.cancel()


async def _claim(service: Service, limit: int) -> list[Due]:
    """Claim deliveries as the worker who sees every tenant's queue, then read them as their tenants."""
    if limit == 0 or service.stopping.is_set():
        return []
    async with postgres.worker_transaction(service.pool) as worker:
        claimed = await delivery_store.claim_due(worker, limit, AT_ONCE_TO_AN_ENDPOINT, LEASE)
    if not claimed:
        return []
    async with postgres.tenant_transaction(service.pool, {each.distributor_id for each in claimed}) as tx:
        return await delivery_store.select_due(tx, claimed)


async def _record(service: Service, attempts: Sequence[Attempt]) -> None:
    """Record outcomes; waits in place while the database is away."""
    if not attempts:
        return

    async def in_one_transaction() -> None:
        async with postgres.tenant_transaction(service.pool, {each.due.distributor_id for each in attempts}) as tx:
            await record(tx, attempts)

    await until_it_works(in_one_transaction, service.stopping, doing="recording webhook attempts")
    service.relay.wake()
