"""Writing down what came in, and saying what it means: one transaction for all of it."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias
from uuid import UUID

from libs import crypto, outbox, postgres
from libs.channels.inbound import Amendment, Ignored, Inbound, Incoming, Status
from libs.postgres import Transaction
from libs.service import Service
from schemas.consent_changed import ConsentChanged
from schemas.contact import Channel, contact_id, conversation_id
from schemas.event import Event
from schemas.message_amended import MessageAmended
from schemas.message_received import MessageReceived
from schemas.message_status_changed import MessageStatusChanged
from services.ingest import integrations_store, store
from services.ingest.consent import word_on_consent
from services.ingest.metrics import WEBHOOK_ITEMS
from services.ingest.store import Receipt, Route

Customers: TypeAlias = Mapping[tuple[UUID, Channel, str], UUID]


@dataclass(frozen=True, slots=True)
class Routed:
    """Something that came in and whose it is. Of all that comes with the same token only the first counts."""

    route: Route
    incoming: Incoming
    token: str | None = None


async def record(service: Service, items: Sequence[Routed]) -> list[Routed]:
    """Write down `items`, each once, and enqueue what they mean. Returns those whose token had been used: of them nothing is kept."""
    tenants = sorted({item.route.distributor_id for item in items})
    async with postgres.tenant_transaction(service.pool, tenants) as tx:
        kept, refused = await _with_fresh_tokens(tx, items)
        unserved = await store.select_unserved(tx, tenants)
        receipts = [_receipt(service, item, unserved) for item in kept]
        fresh = await store.insert_receipts(tx, receipts)
        new = [
            item
            for item, receipt in zip(kept, receipts, strict=True)
            if (key := (receipt.integration_id, receipt.external_id, receipt.raw_hash)) in fresh and not fresh.remove(key)
        ]
        await integrations_store.record_successes(tx, sorted({(receipt.distributor_id, receipt.integration_id) for receipt in receipts}))
        customers = await _customers(tx, new)
        now = datetime.now(UTC)
        await outbox.enqueue(tx, *(event for item in new for event in _events(item, customers, now)))
    _count(kept, receipts, new)
    return refused


async def _with_fresh_tokens(tx: Transaction, items: Sequence[Routed]) -> tuple[Sequence[Routed], list[Routed]]:
    tokens = [(item.route.distributor_id, item.route.integration_id, item.token) for item in items if item.token is not None]
    if not tokens:
        return items, []
    fresh = await store.insert_webhook_tokens(tx, tokens)
    kept: list[Routed] = []
    refused: list[Routed] = []
    for item in items:
        known = (item.route.integration_id, item.token)
        (kept if item.token is None or (known in fresh and not fresh.remove(known)) else refused).append(item)
    return kept, refused


def _receipt(service: Service, item: Routed, unserved: set[UUID]) -> Receipt:
    incoming, route = item.incoming, item.route
    raw = incoming.raw.encode()
    ignored = isinstance(incoming, Ignored) or route.distributor_id in unserved
    return Receipt(
        distributor_id=route.distributor_id,
        integration_id=route.integration_id,
        external_id=incoming.external_message_id,
        raw_hash=hashlib.sha256(raw).digest(),
        raw=crypto.seal(service.settings.master_key, raw, f"inbound_receipts/raw/{route.integration_id}/{incoming.external_message_id}"),
        outcome="IGNORED" if ignored else "ACCEPTED",
    )


async def _customers(tx: Transaction, items: Sequence[Routed]) -> Customers:
    """Return whose the addresses are that can be believed."""
    known = [
        (item.route.distributor_id, incoming.channel, incoming.address)
        for item in items
        if not isinstance(incoming := item.incoming, Ignored) and not (isinstance(incoming, Inbound) and incoming.sender_not_trusted)
    ]
    if not known:
        return {}
    return await store.select_customers(tx, [each[0] for each in known], [each[1] for each in known], [each[2] for each in known])


def _events(item: Routed, customers: Customers, now: datetime) -> Iterator[Event]:
    route, incoming = item.route, item.incoming
    if isinstance(incoming, Inbound):
        if (may_write := _word_on_consent(incoming)) is not None:
            yield _consent(route, incoming, may_write, now)
        yield _received(route, incoming, customers, now)
    elif isinstance(incoming, Status):
        yield _status(route, incoming, customers, now)
    elif isinstance(incoming, Amendment):
        yield _amended(route, incoming, customers, now)


def _word_on_consent(incoming: Inbound) -> bool | None:
    return word_on_consent(incoming.channel, incoming.content) if incoming.may_write is None else incoming.may_write


def _conversation(route: Route, incoming: Inbound | Amendment | Status, customers: Customers) -> tuple[UUID, UUID | None]:
    """Return the conversation and the customer, if they are known."""
    customer_id = None
    if not (isinstance(incoming, Inbound) and incoming.sender_not_trusted):
        customer_id = customers.get((route.distributor_id, incoming.channel, incoming.address))
    contact = contact_id(route.distributor_id, incoming.channel, incoming.address)
    return conversation_id(route.distributor_id, incoming.channel, customer_id or contact), customer_id


def _received(route: Route, incoming: Inbound, customers: Customers, now: datetime) -> MessageReceived:
    conversation, customer_id = _conversation(route, incoming, customers)
    doubt = {"sender_not_trusted": incoming.sender_not_trusted} if incoming.sender_not_trusted else {}
    return MessageReceived(
        distributor_id=route.distributor_id,
        occurred_at=now,
        conversation_id=conversation,
        channel=incoming.channel,
        integration_id=route.integration_id,
        channel_account=incoming.account,
        external_message_id=incoming.external_message_id,
        external_conversation_id=incoming.external_conversation_id,
        sender=incoming.sender,
        customer_id=customer_id,
        message_type=incoming.message_type,
        content=incoming.content,
        attachments=incoming.attachments,
        parts=incoming.parts,
        reply_to_external_id=incoming.reply_to_external_id,
        sent_at=incoming.sent_at,
        external_metadata=incoming.metadata | doubt,
    )


def _amended(route: Route, incoming: Amendment, customers: Customers, now: datetime) -> MessageAmended:
    return MessageAmended(
        distributor_id=route.distributor_id,
        occurred_at=now,
        conversation_id=_conversation(route, incoming, customers)[0],
        integration_id=route.integration_id,
        external_message_id=incoming.amends,
        content=incoming.content,
        amended_at=incoming.amended_at,
    )


def _status(route: Route, incoming: Status, customers: Customers, now: datetime) -> MessageStatusChanged:
    return MessageStatusChanged(
        distributor_id=route.distributor_id,
        occurred_at=now,
        conversation_id=_conversation(route, incoming, customers)[0],
        message_id=incoming.message_id,
        integration_id=route.integration_id,
        external_message_id=incoming.external_message_id,
        status=incoming.status,
        status_at=incoming.status_at,
        error_code=incoming.error_code,
    )


def _consent(route: Route, incoming: Inbound, may_write: bool, now: datetime) -> ConsentChanged:  # noqa: FBT001 - the field's own values
    return ConsentChanged(
        distributor_id=route.distributor_id,
        occurred_at=now,
        contact_id=contact_id(route.distributor_id, incoming.channel, incoming.address),
        channel=incoming.channel,
        address=incoming.address,
        integration_id=route.integration_id,
        may_write=may_write,
        changed_at=incoming.sent_at,
    )


def _count(kept: Sequence[Routed], receipts: Sequence[Receipt], new: Sequence[Routed]) -> None:
    passed_on = {id(item) for item in new}
    for item, receipt in zip(kept, receipts, strict=True):
        outcome = "ignored" if receipt.outcome == "IGNORED" else "received" if id(item) in passed_on else "repeated"
        WEBHOOK_ITEMS.labels(item.route.provider, item.route.integration_id, outcome).inc()
