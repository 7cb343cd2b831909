"""ingest, running on a real port with a database of its own, called as Meta calls it."""

import asyncio
import base64
import hashlib
import hmac
import json
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import asyncpg
import pytest_asyncio
import uvicorn
from pydantic import SecretStr
from yarl import URL

from deploy.demo.stand_ins.customer_messages import Json, webhook
from libs import keyring, postgres
from libs.channels import whatsapp
from libs.postgres import Pool
from libs.service import Service, application
from schemas.contact import Channel
from schemas.integration_changed import Provider
from schemas.message_received import MessageReceived
from services.ingest import api, store
from services.ingest.intake import Intake
from services.ingest.settings import IngestSettings
from tests.consuming import said
from tests.libs.waiting import eventually
from tests.serving import Answer

APP_SECRET = "the-secret-of-the-app"
VERIFY_TOKEN = "what-meta-repeats"
LARGEST_BODY = 20_000
MASTER_KEY = base64.b64encode(b"k" * 32).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call of a provider."""

    path: str
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingest:
    """A running ingest."""

    address: str
    session: aiohttp.ClientSession
    settings: IngestSettings

    async def call(self, request: Request) -> Answer:
        """Send what a provider sends. An answer that is not JSON comes back as its text."""
        async with self.session.post(URL(request.path, encoded=True), data=BytesIO(request.body), headers=request.headers) as response:
            body: Any = await response.text()
            return Answer(response.status, json.loads(body) if "json" in response.content_type else body, dict(response.headers))

    async def post(self, body: bytes | AsyncIterator[bytes], signature: str | None) -> Answer:
        """Send raw bytes, or an iterator of them without a Content-Length, under this signature."""
        headers = {whatsapp.SIGNATURE_HEADER: signature} if signature is not None else {}
        async with self.session.post("/webhooks/whatsapp", data=body, headers=headers) as response:
            return Answer(response.status, await response.json(content_type=None), dict(response.headers))

    async def post_signed(self, body: bytes) -> Answer:
        """Send raw bytes, signed as Meta signs."""
        return await self.post(body, signature_of(body))

    async def tell(self, *changes: Json) -> Answer:
        """Send one webhook that carries all of `changes`."""
        return await self.post_signed(json.dumps(webhook(*changes)).encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """A distributor with one WhatsApp number."""

    distributor_id: UUID
    integration_id: UUID
    number: str


NewTenant = Callable[[], Awaitable[Tenant]]


def signature_of(body: bytes) -> str:
    """What Meta sends beside `body`."""
    return "sha256=" + hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()


@asynccontextmanager
async def running(database_url: str, **more: Any) -> AsyncGenerator[Ingest]:
    """Run ingest with its job. It finds no broker, so that what it says stays in the outbox, where a test reads it."""
    settings = IngestSettings.model_validate(
        {
            "database_url": database_url,
            "kafka_bootstrap": "127.0.0.1:1",
            "http_port": 1,
            "http_max_body_bytes": LARGEST_BODY,
            "jwt_secret": "s" * 32,
            "master_key": MASTER_KEY,
            "whatsapp_app_secret": APP_SECRET,
            "whatsapp_verify_token": VERIFY_TOKEN,
            "answer_within_seconds": 5,
        }
        | more
    )
    intake = Intake()
    app = application(Service("ingest", settings, {}, [intake.store_waiting]), api.router(settings, intake), lambda: None)
    server = uvicorn.Server(uvicorn.Config(app, lifespan="on", ws="none", log_config=None))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        serving = asyncio.create_task(server.serve([listening]))
        try:
            # Each call on a connection of its own: an answer with 5xx ends the one that it came on.
            each_its_own = aiohttp.TCPConnector(force_close=True)
            address = f"http://127.0.0.1:{listening.getsockname()[1]}"
            async with aiohttp.ClientSession(address, connector=each_its_own) as session:
                await eventually(lambda: _ready(session))
                yield Ingest(address=address, session=session, settings=settings)
        finally:
            server.should_exit = True
            await serving


async def _ready(session: aiohttp.ClientSession) -> bool:
    try:
        async with session.get("/health/ready") as response:
            return response.status == 200
    except aiohttp.ClientConnectionError:
        return False


@pytest_asyncio.fixture
async def database(new_database: Callable[[str], Awaitable[str]]) -> str:
    """A fresh database of ingest."""
    return await new_database("ingest")


@pytest_asyncio.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """Connections to it, beside those of the service."""
    opened = await postgres.create_pool(database, "ingest", 3)
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def ingest(database: str) -> AsyncIterator[Ingest]:
    """A running ingest."""
    async with running(database) as found:
        yield found


@pytest_asyncio.fixture
async def new_tenant(pool: Pool) -> NewTenant:
    """Connect a new number to a new tenant."""

    async def connect() -> Tenant:
        tenant = Tenant(distributor_id=uuid4(), integration_id=uuid4(), number=str(uuid4().int)[:15])
        await connect_number(pool, tenant)
        return tenant

    return connect


async def connect_number(pool: Pool, tenant: Tenant) -> None:
    """Add the tenant's integration."""
    async with postgres.tenant_transaction(pool, [tenant.distributor_id]) as tx:
        assert await store.insert_integration(tx, tenant.distributor_id, tenant.integration_id, whatsapp.PROVIDER, tenant.number, "Orders")


@pytest_asyncio.fixture
async def tenant(new_tenant: NewTenant) -> Tenant:
    """A tenant with a number."""
    return await new_tenant()


async def connect(
    pool: Pool,
    provider: Provider,
    channel: Channel,
    account: str,
    *,
    credentials: dict[str, str] | None = None,
    secret: str | None = None,
    status: str = "ACTIVE",
) -> Tenant:
    """Connect an account at a provider, with its secrets, to a new tenant."""
    tenant = Tenant(distributor_id=uuid4(), integration_id=uuid4(), number=account)
    key, whose, place = SecretStr(MASTER_KEY), tenant.distributor_id, f"external_integrations/{{}}/{tenant.integration_id}"
    async with postgres.tenant_transaction(pool, [whose]) as tx:
        await tx.execute(
            """
            insert into external_integrations
                   (distributor_id, id, integration_type, provider, channel, external_account_id, display_name, credentials, webhook_secret, status)
            values ($1, $2, 'MESSAGING', $3, $4, $5, 'Orders', $6, $7, $8)
            """,
            whose,
            tenant.integration_id,
            provider,
            channel,
            account,
            await keyring.seal(tx, key, whose, json.dumps(credentials).encode(), place.format("credentials")) if credentials else None,
            await keyring.seal(tx, key, whose, secret.encode(), place.format("webhook_secret")) if secret else None,
            status,
        )
    return tenant


async def receipts(pool: Pool, tenant: Tenant) -> list[asyncpg.Record]:
    """What was written down for the tenant, oldest first."""
    async with postgres.tenant_transaction(pool, [tenant.distributor_id]) as tx:
        return await tx.fetch("select * from inbound_receipts order by id")


async def messages(pool: Pool, tenant: Tenant) -> list[MessageReceived]:
    """What was passed on for the tenant, oldest first."""
    return list(await said(pool, tenant.distributor_id, MessageReceived))
