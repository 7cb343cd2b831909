"""A provider, and an outbound that runs its job against it."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest_asyncio

from deploy.demo.stand_ins.provider import Provider
from libs.postgres import Pool
from libs.service import Service
from schemas.contact import Channel
from schemas.message import MessageType
from schemas.message_created import MessageCreated
from services.outbound.settings import OutboundSettings
from tests.conftest import NewPool
from tests.consuming import arrived

TOKEN = "the-provider-knows-it"
INTEGRATION = UUID(int=7)

NewService = Callable[[Pool], Service]


@pytest_asyncio.fixture
async def provider() -> AsyncIterator[Provider]:
    """The provider, running."""
    async with Provider(TOKEN) as running:
        yield running


@pytest_asyncio.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A fresh database of outbound."""
    return await new_pool("outbound")


def service_on(pool: Pool, provider_url: str) -> Service:
    """A process of outbound as its job sees it."""
    settings = OutboundSettings.model_validate(
        {
            "database_url": "postgresql://nowhere",
            "kafka_bootstrap": "127.0.0.1:1",
            "http_port": 1,
            "jwt_secret": "s" * 32,
            "master_key": base64.b64encode(b"k" * 32).decode(),
            "whatsapp_api_url": provider_url,
            "whatsapp_access_token": TOKEN,
        }
    )
    service = Service("outbound", settings, {}, [])
    service._pool = pool  # pyright: ignore[reportPrivateUsage] - what its run() would open
    return service


def message(
    distributor_id: UUID,
    *,
    conversation_id: UUID | None = None,
    position: int = 1,
    text: str = "Your order is in.",
    ours: bool = True,
    channel: Channel = Channel.WHATSAPP,
    account: str | None = "1055",
    integration_id: UUID | None = INTEGRATION,
    to: str = "+15550001",
) -> MessageCreated:
    """A stored message as it arrives from its topic."""
    now = datetime.now(UTC)
    return arrived(
        MessageCreated(
            distributor_id=distributor_id,
            occurred_at=now,
            conversation_id=conversation_id or uuid4(),
            message_id=uuid4(),
            thread_position=position,
            channel=channel,
            is_from_customer=not ours,
            message_type=MessageType.TEXT,
            content=text,
            customer_id=None,
            contact_id=None,
            address=to,
            integration_id=integration_id,
            channel_account=account,
            sent_at=now,
        )
    )


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = 10) -> None:
    """Poll until `holds`, or fail."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - the condition is another server's
            await asyncio.sleep(0.01)
