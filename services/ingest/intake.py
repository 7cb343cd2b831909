"""Storing what came in: requests that wait at the same time share one transaction, and each is answered when it is committed."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from libs import crypto, outbox, postgres
from libs.channels.whatsapp import Inbound
from libs.refused import Refused
from libs.service import Service
from schemas.contact import Channel, contact_id, conversation_id
from schemas.message_received import MessageReceived
from services.ingest import store
from services.ingest.store import Receipt, Route

MOST_WAITING = 2_000


class TooMuchAtOnce(Refused):
    """More is waiting to be stored than can be."""

    status = 503


@dataclass(frozen=True, slots=True)
class Routed:
    """One inbound message and whose it is."""

    route: Route
    inbound: Inbound


@dataclass(frozen=True, slots=True)
class _Waiting:
    messages: Sequence[Routed]
    stored: "asyncio.Future[None]"


class Intake:
    """The messages that wait to be stored, in this process."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []

    async def store(self, service: Service, messages: Sequence[Routed]) -> None:
        """Return when `messages` are committed together with their events. Raises TooMuchAtOnce, or what the database raised."""
        if len(self._waiting) >= MOST_WAITING:
            raise TooMuchAtOnce("too many messages wait to be stored; try again in a few seconds")
        waiting = _Waiting(messages, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        service.wake_jobs()
        await waiting.stored

    async def store_waiting(self, service: Service) -> int:
        """Job: store everything that waits in one transaction; when that fails, each request in its own."""
        taken, self._waiting = self._waiting, []
        if not taken:
            return 0
        try:
            await _store(service, [message for waiting in taken for message in waiting.messages])
        except Exception:
            for waiting in taken:
                await _store_alone(service, waiting)
        else:
            for waiting in taken:
                _answer(waiting, None)
        return len(taken)


async def _store_alone(service: Service, waiting: _Waiting) -> None:
    try:
        await _store(service, waiting.messages)
    except Exception as error:
        _answer(waiting, error)
    else:
        _answer(waiting, None)


def _answer(waiting: _Waiting, error: Exception | None) -> None:
    if waiting.stored.done():
        return
    if error:
        waiting.stored.set_exception(error)
    else:
        waiting.stored.set_result(None)


async def _store(service: Service, messages: Sequence[Routed]) -> None:
    tenants = sorted({message.route.distributor_id for message in messages})
    async with postgres.tenant_transaction(service.pool, tenants) as tx:
        unserved = await store.select_unserved(tx, tenants)
        receipts = [_receipt(service, message, "IGNORED" if message.route.distributor_id in unserved else "ACCEPTED") for message in messages]
        fresh = await store.insert_receipts(tx, receipts)
        new = [
            message
            for message, receipt in zip(messages, receipts, strict=True)
            if (key := (receipt.integration_id, receipt.external_id, receipt.raw_hash)) in fresh and not fresh.remove(key)
        ]
        customers = await store.select_customers(tx, [m.route.distributor_id for m in new], Channel.WHATSAPP, [m.inbound.sender.address for m in new])
        now = datetime.now(UTC)
        await outbox.enqueue(tx, *(_received(m, customers.get((m.route.distributor_id, m.inbound.sender.address)), now) for m in new))


def _receipt(service: Service, message: Routed, outcome: str) -> Receipt:
    raw = message.inbound.raw.encode()
    place = f"inbound_receipts/raw/{message.route.integration_id}/{message.inbound.external_message_id}"
    return Receipt(
        distributor_id=message.route.distributor_id,
        integration_id=message.route.integration_id,
        external_id=message.inbound.external_message_id,
        raw_hash=hashlib.sha256(raw).digest(),
        raw=crypto.seal(service.settings.master_key, raw, place),
        outcome=outcome,
    )


def _received(message: Routed, customer_id: UUID | None, now: datetime) -> MessageReceived:
    inbound, route = message.inbound, message.route
    contact = contact_id(route.distributor_id, Channel.WHATSAPP, inbound.sender.address)
    return MessageReceived(
        distributor_id=route.distributor_id,
        occurred_at=now,
        conversation_id=conversation_id(route.distributor_id, Channel.WHATSAPP, customer_id or contact),
        channel=Channel.WHATSAPP,
        integration_id=route.integration_id,
        channel_account=inbound.phone_number_id,
        external_message_id=inbound.external_message_id,
        sender=inbound.sender,
        customer_id=customer_id,
        message_type=inbound.message_type,
        content=inbound.content,
        attachments=inbound.attachments,
        reply_to_external_id=inbound.reply_to_external_id,
        sent_at=inbound.sent_at,
    )
