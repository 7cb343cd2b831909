"""A message_store that scans, and what it found."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import asyncpg

from libs import postgres
from libs.postgres import Pool
from libs.service import Service
from schemas.message_created import MessageCreated
from schemas.pii_detected import PiiAction, PiiType
from services.message_store.__main__ import CONSUMES
from services.message_store.pii import rules_store
from services.message_store.pii.rules import Rule
from services.message_store.pii.scan_due import scan_due
from tests.consuming import consume, nowhere, said
from tests.making import received

CARD = "4111 1111 1111 1111"
FINDINGS = "select * from pii_detection_results order by created_at, start_offset"
PHONE = "212-555-0100"


def service_on(pool: Pool) -> Service:
    """A process of message_store as its job sees it."""
    service = Service("message_store", nowhere(), {}, [])
    service._pool = pool  # pyright: ignore[reportPrivateUsage] - what its run() would open
    return service


async def scan(pool: Pool) -> int:
    """Scan until nothing is due; returns how many messages."""
    scanned = 0
    while done := await scan_due(service_on(pool)):
        scanned += done
    return scanned


async def store_message(pool: Pool, tenant: UUID, text: str, **more: Any) -> MessageCreated:
    """Store a customer's message as its handler does."""
    await consume(pool, "message_store", CONSUMES, received(tenant, text, **more))
    created: MessageCreated = (await said(pool, tenant, MessageCreated))[-1]
    return created


async def add_rule(pool: Pool, tenant: UUID, pii_type: PiiType, action: PiiAction, **more: Any) -> Rule:
    """Give a tenant a rule."""
    settings: dict[str, Any] = {"min_confidence": 0.5} | more
    rule = Rule(name="ours", pii_type=pii_type, action=action, **settings)
    return await in_tenant(pool, tenant, lambda tx: rules_store.insert_rule(tx, tenant, rule))


async def in_tenant(pool: Pool, tenant: UUID, act: Callable[[postgres.Transaction], Awaitable[Any]]) -> Any:
    """Do something in a transaction of a tenant."""
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        return await act(tx)


async def rows(pool: Pool, tenant: UUID, statement: str = FINDINGS) -> list[asyncpg.Record]:
    """What a tenant sees: its findings, unless another statement asks for something else."""
    return await in_tenant(pool, tenant, lambda tx: tx.fetch(statement))


async def content_of(pool: Pool, created: MessageCreated) -> str:
    """What a message says now."""
    [row] = await rows(pool, created.distributor_id, f"select content from messages where id = '{created.message_id}'")
    return row["content"]
