"""Conversations as tests of the inbox need them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from libs import postgres
from libs.postgres import Pool
from schemas.message_created import MessageCreated
from services.message_store import api as routes
from services.message_store.__main__ import CONSUMES
from tests.consuming import consume, said
from tests.making import received
from tests.message_store.media import settings
from tests.serving import Api, serving

PATH = "/v1/conversations"


@asynccontextmanager
async def inbox(pool: Pool, folder: Path) -> AsyncGenerator[Api]:
    """All routes of message_store, on a free port."""
    async with serving("message_store", pool, settings(folder), routes.router) as running:
        yield running


async def write(pool: Pool, tenant: UUID, *texts: str, sender: str = "+15550100001", **more: Any) -> list[MessageCreated]:
    """Let a customer write these texts; returns them as they were stored."""
    events = [received(tenant, text, sender=sender, **more) for text in texts]
    await consume(pool, "message_store", CONSUMES, *events)
    return list((await said(pool, tenant, MessageCreated))[-len(events) :])


async def merge(pool: Pool, tenant: UUID, old: UUID, into: UUID) -> None:
    """Show one conversation with another."""
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await tx.execute("update conversations set merged_into = $2 where id = $1", old, into)


async def execute(pool: Pool, tenant: UUID, statement: str, *values: Any) -> None:
    """Change rows of a tenant as handlers of other events would."""
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await tx.execute(statement, *values)


async def refusal(api: Api, method: str, path: str, **request: Any) -> tuple[int, str]:
    """Return the status and the sentence of a problem."""
    answer = await api.call(method, path, **request)
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.status, answer.body["detail"]
