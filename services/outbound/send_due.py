"""The job that sends: messages are claimed, sent outside any transaction, and their outcomes recorded together."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import aiohttp
import structlog

from libs import outbox, postgres
from libs.channels.send_result import TryLater
from libs.channels.whatsapp_send import WhatsAppCloud, send_text
from libs.postgres import Transaction
from libs.retry import Stopping, until_it_works
from libs.service import Service
from schemas.contact import Channel
from schemas.event import Envelope
from schemas.message import MessageStatus
from schemas.message_status_changed import MessageStatusChanged
from services.outbound import store
from services.outbound.domain import Claimed, Failed, Outcome, RetryLater, Sent, decide
from services.outbound.settings import OutboundSettings

log = structlog.get_logger()

AT_ONCE = 32
"""Messages that one process sends at the same time."""
CALL_TIMEOUT_SECONDS = 15.0
LEASE = timedelta(seconds=60)
LOOK_AGAIN_SECONDS = 0.1
"""While calls are under way, new messages are looked for this often."""
SETTLE_SECONDS = 0.005
"""Calls that end within this time are recorded in one transaction."""

Done = tuple[Claimed, Outcome]


async def send_due(service: Service) -> int:
    """Send until nothing is due and nothing under way. Returns how many calls were made."""
    settings = service.settings
    assert isinstance(settings, OutboundSettings)
    claimed = await _claim(service, AT_ONCE)
    if not claimed:
        return 0
    timeout = aiohttp.ClientTimeout(total=CALL_TIMEOUT_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:
        cloud = WhatsAppCloud(session=session, url=settings.whatsapp_api_url, access_token=settings.whatsapp_access_token)
        return await _send_all(service, cloud, claimed)


async def _send_all(service: Service, cloud: WhatsAppCloud, claimed: Sequence[Claimed]) -> int:
    """Send `claimed`, and whatever becomes due meanwhile."""
    under_way: set[asyncio.Task[Done]] = set()
    calls = 0
    try:
        while True:
            under_way |= {asyncio.create_task(_send(cloud, message)) for message in claimed}
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


async def _claim(service: Service, limit: int) -> list[Claimed]:
    if limit == 0 or service.stopping.is_set():
        return []
    async with postgres.worker_transaction(service.pool) as worker:
        return await store.claim_due(worker, limit, LEASE)


async def _send(cloud: WhatsAppCloud, message: Claimed) -> Done:
    if message.channel != Channel.WHATSAPP:
        return message, Failed("CHANNEL_NOT_SUPPORTED")
    if not message.channel_account or not message.address:
        return message, Failed("NO_ADDRESS")
    try:
        result = await send_text(cloud, message.channel_account, message.address, message.content, message.message_id)
    except Exception:
        log.exception("sending_failed", message_id=str(message.message_id))
        result = TryLater("NOT_SENDABLE")
    return message, decide(message.attempt, result, random.uniform(0.8, 1.2))  # noqa: S311 - spreads retries, guards nothing


async def _record(service: Service, done: Sequence[Done]) -> None:
    """Record outcomes and say what became of the messages; waits in place while the database is away."""
    if not done:
        return

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
