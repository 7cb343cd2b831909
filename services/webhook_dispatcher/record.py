"""What is kept of attempts: their log, the deliveries' states, the endpoints' counts, and which endpoints are given up."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import structlog

from libs import outbox
from libs.postgres import Transaction
from schemas.webhook_endpoint_disabled import WebhookEndpointDisabled
from services.webhook_dispatcher import attempt_store, delivery_store, endpoint_store
from services.webhook_dispatcher.attempt_store import Attempt
from services.webhook_dispatcher.domain import EndpointGone, is_given_up
from services.webhook_dispatcher.endpoint_store import Tally

log = structlog.get_logger()

EndpointKey = tuple[UUID, UUID]
"""Tenant and endpoint."""


async def record(tx: Transaction, attempts: Sequence[Attempt]) -> None:
    """Record attempts on deliveries of any of the transaction's tenants, and disable the endpoints that gave cause for it."""
    tallied = await endpoint_store.update_tallies(tx, _tallies(attempts))
    await attempt_store.insert_attempts(tx, attempts)
    await attempt_store.update_deliveries(tx, attempts)
    now = datetime.now(UTC)
    reasons = {(tenant, endpoint): "nothing but failures for five days" for tenant, endpoint, since in tallied if is_given_up(since, now)}
    reasons |= {(each.due.distributor_id, each.due.endpoint_id): each.outcome.error for each in attempts if isinstance(each.outcome, EndpointGone)}
    for (distributor_id, endpoint_id), reason in sorted(reasons.items()):
        await _disable(tx, distributor_id, endpoint_id, reason, now)
    for each in attempts:
        log.info("webhook_tried", delivery_id=str(each.due.id), attempt=each.due.attempt_number, outcome=type(each.outcome).__name__)


async def _disable(tx: Transaction, distributor_id: UUID, endpoint_id: UUID, reason: str, now: datetime) -> None:
    name = await endpoint_store.disable_endpoint(tx, distributor_id, endpoint_id, reason)
    if name is None:
        return
    await delivery_store.hold_deliveries(tx, distributor_id, endpoint_id)
    disabled = WebhookEndpointDisabled(distributor_id=distributor_id, occurred_at=now, webhook_endpoint_id=endpoint_id, name=name, reason=reason)
    await outbox.enqueue(tx, disabled)
    log.warning("webhook_endpoint_disabled", endpoint_id=str(endpoint_id), reason=reason)


def _tallies(attempts: Sequence[Attempt]) -> list[Tally]:
    by_endpoint: dict[EndpointKey, list[Attempt]] = defaultdict(list)
    for each in attempts:
        by_endpoint[each.due.distributor_id, each.due.endpoint_id].append(each)
    return [
        Tally(
            distributor_id=distributor_id,
            endpoint_id=endpoint_id,
            succeeded=sum(each.succeeded for each in group),
            failed=sum(not each.succeeded for each in group),
            last_attempt_at=max(each.ended_at for each in group),
        )
        for (distributor_id, endpoint_id), group in by_endpoint.items()
    ]
