"""What stands in the tables of message_store, as tests look at it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from libs import postgres
from libs.postgres import Pool
from schemas.contact import Channel, contact_id, conversation_id
from schemas.event import Event
from schemas.message import MessageStatus
from schemas.message_created import MessageCreated
from schemas.message_status_changed import MessageStatusChanged
from schemas.reply_requested import ReplyRequested
from services.message_store.__main__ import CONSUMES
from tests.consuming import arrived, consume, said
from tests.making import INTEGRATION, NOW

JONAH, MARIA = "+15550100001", "+15550100002"
"""Two who write; `tests.making.received` is from Jonah unless it is told otherwise."""


async def take(pool: Pool, *events: Event) -> None:
    """Take events in as one batch."""
    await consume(pool, "message_store", CONSUMES, *events)


async def rows(pool: Pool, tenant: UUID, query: str, *values: Any) -> list[dict[str, Any]]:
    """The rows of a query, as the tenant sees them."""
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        return [dict(row) for row in await tx.fetch(query, *values)]


async def conversations(pool: Pool, tenant: UUID) -> dict[UUID, dict[str, Any]]:
    """The tenant's conversations by their ids, without the times of their rows."""
    found = await rows(pool, tenant, "select * from conversations")
    return {row["id"]: {name: value for name, value in row.items() if name not in {"created_at", "updated_at"}} for row in found}


async def places(pool: Pool, tenant: UUID, conversation: UUID) -> list[int]:
    """The places that are taken in a conversation."""
    found = await rows(pool, tenant, "select thread_position from messages where conversation_id = $1 order by 1", conversation)
    return [row["thread_position"] for row in found]


async def message(pool: Pool, tenant: UUID, message_id: UUID) -> dict[str, Any]:
    """One message."""
    [found] = await rows(pool, tenant, "select * from messages where id = $1", message_id)
    return found


async def told(pool: Pool, tenant: UUID) -> Sequence[MessageCreated]:
    """Every message that was told, in that order."""
    return await said(pool, tenant, MessageCreated)


def own(tenant: UUID, address: str = JONAH) -> UUID:
    """The conversation of an address while nobody knows whose it is."""
    return conversation_id(tenant, Channel.WHATSAPP, contact_id(tenant, Channel.WHATSAPP, address))


def of_customer(tenant: UUID, customer_id: UUID) -> UUID:
    """The conversation of a customer."""
    return conversation_id(tenant, Channel.WHATSAPP, customer_id)


def reply(tenant: UUID, conversation: UUID, text: str = "Your order: …", answers: UUID | None = None, **more: Any) -> ReplyRequested:
    """A reply that is to be sent."""
    return arrived(
        ReplyRequested(
            distributor_id=tenant,
            occurred_at=NOW,
            conversation_id=conversation,
            reply_id=uuid4(),
            content=text,
            reply_to_message_id=answers,
            **more,
        )
    )


def status(of: MessageCreated, step: MessageStatus, external_id: str | None = "wamid.out", **more: Any) -> MessageStatusChanged:
    """A step of a message of ours, as outbound or a provider tells it."""
    told: dict[str, Any] = {
        "distributor_id": of.distributor_id,
        "occurred_at": NOW,
        "conversation_id": of.conversation_id,
        "message_id": of.message_id,
        "integration_id": INTEGRATION,
        "external_message_id": external_id,
        "status": step,
        "status_at": NOW + timedelta(seconds=1),
    }
    return arrived(MessageStatusChanged(**(told | more)))
