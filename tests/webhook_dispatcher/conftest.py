"""A receiver of webhooks, endpoints on it, and a dispatcher that runs its job against them."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest_asyncio

from deploy.demo.stand_ins.receiver import Receiver
from libs import postgres
from libs.postgres import Pool
from libs.service import Service
from schemas.customer_erased import CustomerErased
from services.webhook_dispatcher import signing
from services.webhook_dispatcher.create_endpoint import EndpointWanted, create_endpoint
from services.webhook_dispatcher.endpoint_store import Endpoint
from services.webhook_dispatcher.settings import DispatcherSettings
from tests.conftest import NewPool
from tests.consuming import arrived


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """The receiver, running."""
    async with Receiver() as running:
        yield running


@pytest_asyncio.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A fresh database of webhook_dispatcher."""
    return await new_pool("webhook_dispatcher")


def dispatcher_settings(*, allow_loopback: bool = True, master_key: bytes = b"k" * 32) -> DispatcherSettings:
    """Settings of a dispatcher that may call this machine."""
    return DispatcherSettings.model_validate(
        {
            "database_url": "postgresql://nowhere",
            "kafka_bootstrap": "127.0.0.1:1",
            "http_port": 1,
            "jwt_secret": "s" * 32,
            "master_key": base64.b64encode(master_key).decode(),
            "webhook_allow_loopback": allow_loopback,
        }
    )


def service_on(pool: Pool, settings: DispatcherSettings | None = None) -> Service:
    """A process of webhook_dispatcher as its job sees it."""
    service = Service("webhook_dispatcher", settings or dispatcher_settings(), {}, [])
    service._pool = pool  # pyright: ignore[reportPrivateUsage] - what its run() would open
    return service


def erased(distributor_id: UUID) -> CustomerErased:
    """A small public event as it arrives from its topic."""
    return arrived(CustomerErased.model_validate({"distributor_id": distributor_id, "occurred_at": datetime.now(UTC), "customer_id": uuid4()}))


async def subscribe(pool: Pool, receiver: Receiver, distributor_id: UUID, name: str = "hook", **wanted: object) -> Endpoint:
    """Create a tenant's endpoint on the receiver, which knows its secret."""
    secret = signing.new_secret()
    url = receiver.expect(name, secret)
    asked: dict[str, object] = {"name": name, "url": url, "events": ["customer.erased"], "auth_value": secret} | wanted
    async with postgres.tenant_transaction(pool, [distributor_id]) as tx:
        endpoint, _ = await create_endpoint(tx, dispatcher_settings().master_key, distributor_id, EndpointWanted.model_validate(asked))
    return endpoint


async def rows(pool: Pool, distributor_id: UUID, table: str) -> list[dict[str, Any]]:
    """All that a tenant sees of a table, oldest first."""
    async with postgres.tenant_transaction(pool, [distributor_id]) as tx:
        return [dict(row) for row in await tx.fetch(f"select * from {table} order by created_at, 2")]


async def make_due(pool: Pool, distributor_id: UUID) -> None:
    """Let the time of every retry come."""
    async with postgres.tenant_transaction(pool, [distributor_id]) as tx:
        await tx.execute("update webhook_deliveries set scheduled_at = now() where status = 'RETRYING'")


async def until(holds: Callable[[], bool], seconds: float = 10) -> None:
    """Poll until `holds`, or fail."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - the condition is another server's
            await asyncio.sleep(0.01)
