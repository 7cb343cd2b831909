"""The job that delivers: deliveries are claimed, made outside any transaction, and their outcomes recorded together."""

from collections.abc import Sequence
from datetime import timedelta

from libs import postgres
from libs.in_flight import work_off
from libs.retry import until_it_works
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


async def deliver_due(service: Service) -> int:
    """Deliver until nothing is due and nothing under way. Returns how many calls were made."""
    settings = service.settings
    assert isinstance(settings, DispatcherSettings)
    claimed = await _claim(service, AT_ONCE)
    if not claimed:
        return 0
    async with call.open_session(AT_ONCE, allow_loopback=settings.webhook_allow_loopback) as session:
        return await work_off(
            claimed,
            claim=lambda under_way: _claim(service, AT_ONCE - len(under_way)),
            act=lambda due: attempt(session, settings.master_key, due),
            record=lambda done: _record(service, [each for _, each in done]),
        )


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

    async def in_one_transaction() -> None:
        async with postgres.tenant_transaction(service.pool, {each.due.distributor_id for each in attempts}) as tx:
            await record(tx, attempts)

    await until_it_works(in_one_transaction, service.stopping, doing="recording webhook attempts")
    service.relay.wake()
