"""A model server, and an ai_agent that runs its job against it."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest_asyncio
from asyncpg import Record

from libs import postgres
from libs.postgres import Pool
from libs.service import Service
from schemas.contact import Channel
from schemas.message import MessageType
from schemas.message_created import MessageCreated
from services.ai_agent.__main__ import CONSUMES
from services.ai_agent.settings import AiAgentSettings
from services.ai_agent.work_due import Worker
from tests.conftest import NewPool
from tests.consuming import arrived, consume, nowhere
from tests.llm.model_server import KEY, MODEL, SMALL, ModelServer
from tests.making import distributor

ITEM = re.compile(r"(\d+) (case|lb)s? (?:of )?([a-z ]+?)(?=,| and |$)")


def read(data: dict[str, Any], _model: str) -> dict[str, Any]:
    """Read a message as an obedient model would: "3 cases milk, 2 lbs butter"; answer questions by their first fact."""
    if "facts" in data:
        [first, *_] = data["facts"].items()
        return {"answerable": True, "reply": first[1], "facts": [first[0]], "confidence": 0.95}
    if "message" not in data:
        return {"summary": f"{len(data['earlier'])} messages", "confidence": 0.9}
    text = data["message"]
    lines = [
        {
            "operation": "add",
            "words": found.group(0),
            "quantity": float(found.group(1)),
            "quantity_max": None,
            "unit": found.group(2),
            "product": found.group(3),
            "replaces": None,
            "confidence": 0.9,
        }
        for found in ITEM.finditer(text)
    ]
    return {
        "intent": "order" if lines else "question" if text.endswith("?") else "other",
        "lines": lines,
        "order_complete": False,
        "references": [],
        "requested_delivery_date": None,
        "language": "en",
        "confidence": 0.9,
    }


@pytest_asyncio.fixture
async def model() -> AsyncIterator[ModelServer]:
    """The models, running."""
    async with ModelServer(read) as running:
        yield running


@pytest_asyncio.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A fresh database of ai_agent."""
    return await new_pool("ai_agent")


def settings(base_url: str = "http://127.0.0.1:1/v1", **more: Any) -> AiAgentSettings:
    """Settings with two models at one server."""
    values = nowhere().model_dump() | {
        "ai_base_url": base_url,
        "ai_api_key": KEY,
        "ai_model": MODEL,
        "ai_small_model": SMALL,
        "ai_timeout_seconds": 5,
    }
    return AiAgentSettings.model_validate(values | more)


def service_on(pool: Pool, base_url: str = "http://127.0.0.1:1/v1", **more: Any) -> Service:
    """A process of ai_agent as its jobs see it."""
    service = Service("ai_agent", settings(base_url, **more), {}, [])
    service._pool = pool  # pyright: ignore[reportPrivateUsage] - what its run() would open
    return service


async def work(pool: Pool, base_url: str, **more: Any) -> int:
    """Work off what is due in a process of its own."""
    service = service_on(pool, base_url, **more)
    its = service.settings
    assert isinstance(its, AiAgentSettings)
    return await Worker(its).work_due(service)


def message(
    tenant: UUID, text: str = "3 cases of milk", *, conversation: UUID | None = None, position: int = 1, theirs: bool = True, **more: Any
) -> MessageCreated:
    """A stored message as it arrives from its topic."""
    now = datetime.now(UTC)
    return arrived(
        MessageCreated(
            distributor_id=tenant,
            occurred_at=now,
            conversation_id=conversation or uuid4(),
            message_id=uuid4(),
            thread_position=position,
            channel=Channel.WHATSAPP,
            is_from_customer=theirs,
            message_type=MessageType.TEXT,
            content=text,
            customer_id=None,
            contact_id=None,
            address="+15550001",
            integration_id=None,
            sent_at=now,
            **more,
        )
    )


async def known(pool: Pool, tenant: UUID, *prices: tuple[str, str, str], **terms: Any) -> None:
    """Let a distributor be known, and what its models cost: (model, input, output)."""
    await consume(pool, "ai_agent", CONSUMES, distributor(tenant, **terms))
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        for name, of_input, of_output in prices:
            await tx.execute(
                "insert into ai_model_prices (distributor_id, model, valid_from, input, cached_input, output)"
                " values ($1, $2, '2020-01-01', $3::text::numeric, $3::text::numeric, $4::text::numeric)",
                tenant,
                name,
                of_input,
                of_output,
            )


async def rows(pool: Pool, tenant: UUID, table: str) -> list[Record]:
    """All rows of a tenant, in their order."""
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        return await tx.fetch(f"select * from {table} order by created_at, distributor_id")


async def execute(pool: Pool, tenant: UUID, statement: str) -> None:
    """Change something behind the service's back."""
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await tx.execute(statement)


async def until(condition: Any, within: float = 20) -> None:
    """Wait until a coroutine function returns something true."""
    async with asyncio.timeout(within):
        while not await condition():  # noqa: ASYNC110 - what is waited for happens in a database
            await asyncio.sleep(0.02)
