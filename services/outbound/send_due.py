"""The job that sends: messages are claimed, sent outside any transaction, and their outcomes recorded together."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog

from libs import outbox, postgres
from libs.in_flight import work_off
from libs.postgres import Transaction
from libs.retry import until_it_works
from libs.service import Service
from schemas.event import Envelope
from schemas.message import MessageStatus
from schemas.message_status_changed import MessageStatusChanged
from services.outbound import copies, store
from services.outbound.attempt import attempt
from services.outbound.domain import Circumstances, Claimed, Failed, Outcome, RetryLater, Sent
from services.outbound.sessions import open_sessions
from services.outbound.settings import OutboundSettings

log = structlog.get_logger()

AT_ONCE = 64
"""Messages that one process sends at the same time."""
LEASE = timedelta(seconds=60)

Due = tuple[Claimed, Circumstances]
Done = tuple[Claimed, Outcome]


async def send_due(service: Service) -> int:
    """Send until nothing is due and nothing under way. Returns how many messages were tried."""
    due = await _claim(service, ())
    if not due:
        return 0
    settings = service.settings
    assert isinstance(settings, OutboundSettings)
    async with open_sessions(AT_ONCE, allow_loopback=settings.gateway_allow_loopback) as sessions:
        return await work_off(
            due,
            claim=lambda under_way: _claim(service, under_way),
            act=lambda each: attempt(sessions, settings, *each),
            record=lambda done: _record(service, [(message, outcome) for (message, _), outcome in done]),
        )


async def _claim(service: Service, under_way: Sequence[Due]) -> list[Due]:
    """Claim messages as the worker who sees every tenant's queue, then read what else decides on them as their tenants."""
    limit = AT_ONCE - len(under_way)
    if limit == 0 or service.stopping.is_set():
        return []
    by_integration = Counter(message.integration_id for message, _ in under_way)
    crowded = [integration_id for integration_id, count in by_integration.items() if count >= store.AT_ONCE_BY_AN_INTEGRATION]
    async with postgres.worker_transaction(service.pool) as worker:
        claimed = await store.claim_due(worker, limit, LEASE, crowded)
    if not claimed:
        return []
    async with postgres.tenant_transaction(service.pool, {message.distributor_id for message in claimed}) as tx:
        known = await copies.select_circumstances(tx, claimed)
    return [(message, known[message.id]) for message in claimed]


async def _record(service: Service, done: Sequence[Done]) -> None:
    """Record outcomes and say what became of the messages; waits in place while the database is away."""

    async def record() -> None:
        async with postgres.tenant_transaction(service.pool, {message.distributor_id for message, _ in done}) as tx:
            await record_outcomes(tx, done)

    await until_it_works(record, service.stopping, doing="recording what was sent")
    service.relay.wake()
    for message, outcome in done:
        log.info("message_tried", message_id=str(message.message_id), attempt=message.attempt, outcome=type(outcome).__name__)


async def record_outcomes(tx: Transaction, done: Sequence[Done]) -> None:
    """Write outcomes of any of the transaction's tenants, and the events that follow from them."""
    now = datetime.now(UTC)
    sent = [(message, outcome) for message, outcome in done if isinstance(outcome, Sent)]
    failed = [(message, outcome) for message, outcome in done if isinstance(outcome, Failed)]
    news = (await store.update_sent(tx, sent) if sent else set()) | (await store.update_failed(tx, failed) if failed else set())
    later = [(message, outcome) for message, outcome in done if isinstance(outcome, RetryLater)]
    if later:
        await store.update_to_retry(tx, later)
    await outbox.enqueue(tx, *(_status(message, outcome, now) for message, outcome in [*sent, *failed] if message.id in news))


def _status(message: Claimed, outcome: Sent | Failed, now: datetime) -> MessageStatusChanged:
    event = MessageStatusChanged(
        distributor_id=message.distributor_id,
        occurred_at=now,
        conversation_id=message.conversation_id,
        message_id=message.message_id,
        integration_id=message.integration_id,
        external_message_id=outcome.external_message_id if isinstance(outcome, Sent) else None,
        status=MessageStatus.SENT if isinstance(outcome, Sent) else MessageStatus.FAILED,
        status_at=now,
        error_code=outcome.error_code if isinstance(outcome, Failed) else None,
    )
    cause = Envelope(id=message.event_id, source="message_store", correlation_id=message.correlation_id)
    return event.because_of(event.model_copy().arrived_in(cause))
