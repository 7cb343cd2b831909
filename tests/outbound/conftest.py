"""A provider, and an outbound that runs its job against it."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest_asyncio
from pydantic import SecretStr

from deploy.demo.stand_ins.carriers import Carriers, Secrets
from deploy.demo.stand_ins.provider import Provider
from libs import crypto, postgres
from libs.postgres import Pool
from libs.service import Service
from schemas import integration_changed
from schemas.consent_changed import ConsentChanged
from schemas.contact import Channel, contact_id
from schemas.integration_changed import IntegrationChanged, IntegrationStatus
from schemas.message import MessageParts, MessageStatus, MessageType
from schemas.message_created import MessageCreated
from schemas.message_status_changed import MessageStatusChanged
from services.outbound.settings import OutboundSettings
from tests.conftest import NewPool
from tests.consuming import arrived

TOKEN = "the-provider-knows-it"
INTEGRATION = UUID(int=7)
MASTER_KEY = base64.b64encode(b"k" * 32).decode()
SECRETS = Secrets(
    twilio_account_sid="AC0001",
    twilio_auth_token="auth-token",
    sendgrid_api_key="SG.key",
    mailgun_api_key="mailgun-key",
    postmark_server_token="server-token",
)
CREDENTIALS: dict[integration_changed.Provider, dict[str, str]] = {
    integration_changed.Provider.META: {"access_token": TOKEN},
    integration_changed.Provider.TWILIO: {"account_sid": "AC0001", "auth_token": "auth-token"},
    integration_changed.Provider.SENDGRID: {"api_key": "SG.key"},
    integration_changed.Provider.MAILGUN: {"api_key": "mailgun-key", "domain": "mg.harbor.example", "signing_key": "signing-key"},
    integration_changed.Provider.POSTMARK: {"server_token": "server-token"},
}

NewService = Callable[[Pool], Service]


@pytest_asyncio.fixture
async def provider() -> AsyncIterator[Provider]:
    """The provider, running."""
    async with Provider(TOKEN) as running:
        yield running


@pytest_asyncio.fixture
async def carriers() -> AsyncIterator[Carriers]:
    """Every other provider, running."""
    async with Carriers(SECRETS) as running:
        yield running


@pytest_asyncio.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A fresh database of outbound."""
    return await new_pool("outbound")


def service_on(pool: Pool, provider_url: str, **more: str) -> Service:
    """A process of outbound as its job sees it; `provider_url` is where every provider's API is."""
    settings = OutboundSettings.model_validate(
        {
            "database_url": "postgresql://nowhere",
            "kafka_bootstrap": "127.0.0.1:1",
            "http_port": 1,
            "jwt_secret": "s" * 32,
            "master_key": MASTER_KEY,
            "whatsapp_api_url": provider_url,
            "whatsapp_access_token": TOKEN,
            "twilio_api_url": provider_url,
            "sendgrid_api_url": provider_url,
            "mailgun_api_url": provider_url,
            "mailgun_eu_api_url": "http://127.0.0.1:1",
            "postmark_api_url": provider_url,
        }
        | more
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
    sent_at: datetime | None = None,
    **more: Any,
) -> MessageCreated:
    """A stored message as it arrives from its topic."""
    now = sent_at or datetime.now(UTC)
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
            **more,
        )
    )


def mail_of_customer(distributor_id: UUID, conversation_id: UUID, mail_id: str, subject: str | None, **more: Any) -> MessageCreated:
    """A mail that a customer sent."""
    parts = MessageParts(subject=subject)
    return message(
        distributor_id,
        conversation_id=conversation_id,
        ours=False,
        channel=Channel.EMAIL,
        to=more.pop("to", "anna@cafe.example"),
        external_message_id=mail_id,
        parts=parts,
        **more,
    )


def integration(
    distributor_id: UUID,
    provider: integration_changed.Provider,
    channel: Channel,
    account: str = "1055",
    *,
    integration_id: UUID = INTEGRATION,
    credentials: dict[str, str] | None = None,
    **more: Any,
) -> IntegrationChanged:
    """An account at a provider, by default with the credentials that its stand-in knows."""
    known = credentials if credentials is not None else CREDENTIALS[provider]
    sealed = crypto.seal(SecretStr(MASTER_KEY), json.dumps(known).encode(), f"integration.changed/{integration_id}")
    settings: dict[str, Any] = {
        "occurred_at": datetime.now(UTC),
        "status": IntegrationStatus.ACTIVE,
        "sealed_credentials": base64.b64encode(sealed).decode(),
    }
    return arrived(
        IntegrationChanged(
            distributor_id=distributor_id,
            integration_id=integration_id,
            provider=provider,
            channel=channel,
            external_account_id=account,
            **(settings | more),
        )
    )


def consent(distributor_id: UUID, channel: Channel, address: str, *, may_write: bool, changed_at: datetime | None = None) -> ConsentChanged:
    """What a contact told us."""
    now = changed_at or datetime.now(UTC)
    return arrived(
        ConsentChanged(
            distributor_id=distributor_id,
            occurred_at=now,
            contact_id=contact_id(distributor_id, channel, address),
            channel=channel,
            address=address,
            integration_id=INTEGRATION,
            may_write=may_write,
            changed_at=now,
        )
    )


def status_of(event: MessageCreated, external_message_id: str, status: MessageStatus = MessageStatus.DELIVERED) -> MessageStatusChanged:
    """What the provider tells of a message of ours, as ingest passes it on."""
    now = datetime.now(UTC)
    return arrived(
        MessageStatusChanged(
            distributor_id=event.distributor_id,
            occurred_at=now,
            conversation_id=event.conversation_id,
            message_id=event.message_id,
            integration_id=INTEGRATION,
            external_message_id=external_message_id,
            status=status,
            status_at=now,
        )
    )


async def rows(pool: Pool, tenant: UUID) -> list[dict[str, Any]]:
    """The queue of a tenant."""
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        return [dict(row) for row in await tx.fetch("select * from outbound_messages order by thread_position")]


async def make_due(pool: Pool, tenant: UUID) -> None:
    """Let every pause of a tenant's messages be over."""
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await tx.execute("update outbound_messages set run_after = now(), locked_until = '-infinity' where state = 'PENDING'")


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = 10) -> None:
    """Poll until `holds`, or fail."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - the condition is another server's
            await asyncio.sleep(0.01)
