"""The owners' routes for their accounts at providers, called over real HTTP."""

import json
from base64 import b64decode
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import aiohttp

from libs import auth, crypto, keyring, postgres
from libs.auth import Role
from libs.postgres import Pool
from schemas.integration_changed import IntegrationChanged
from services.ingest import integrations_api
from services.ingest.settings import IngestSettings
from tests.consuming import nowhere, said
from tests.serving import serving

PATH = "/v1/integrations"
TOKEN = "EAAG-a-token-of-meta"
META: dict[str, Any] = {
    "provider": "Meta",
    "external_account_id": "15550001001",
    "display_name": "Orders",
    "config": {"messages_per_second": 20, "template": {"name": "order_reply", "language": "en_US"}},
    "credentials": {"access_token": TOKEN},
}
TWILIO: dict[str, Any] = {
    "provider": "Twilio",
    "channel": "SMS",
    "external_account_id": "+12075550100",
    "display_name": "Texts",
    "credentials": {"account_sid": "AC" + "0" * 32, "auth_token": "a-token-of-twilio"},
}
SENDGRID: dict[str, Any] = {
    "provider": "SendGrid",
    "external_account_id": "Orders@Harbor-Foods.example",
    "display_name": "Mail",
    "config": {"from_name": "Harbor Foods"},
    "credentials": {"api_key": "SG.a-key-of-sendgrid", "inbound_public_key": "A" * 124},
}
MAILGUN: dict[str, Any] = {
    "provider": "Mailgun",
    "external_account_id": "orders@mg.harbor.example",
    "display_name": "Mail",
    "config": {"region": "EU"},
    "credentials": {"api_key": "a-key-of-mailgun", "domain": "mg.harbor.example", "signing_key": "signs-for-mailgun"},
}
POSTMARK: dict[str, Any] = {
    "provider": "Postmark",
    "external_account_id": "orders@pm.harbor.example",
    "display_name": "Mail",
    "credentials": {"server_token": "a-token-of-postmark"},
}
GATEWAY: dict[str, Any] = {"provider": "Gateway", "channel": "SMS", "external_account_id": "warehouse", "display_name": "Ours", "credentials": {}}
OF_EACH_PROVIDER = [META, TWILIO, SENDGRID, MAILGUN, POSTMARK, GATEWAY]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: Any
    headers: Mapping[str, str]
    """Known whatever their case."""

    @property
    def problem(self) -> str:
        """What the problem says, fields and all."""
        return json.dumps(self.body)


@dataclass(frozen=True, slots=True)
class Api:
    """The service's API and its database."""

    session: aiohttp.ClientSession
    settings: IngestSettings
    pool: Pool

    async def call(
        self, method: str, path: str, tenant: UUID | None, body: object = None, *, role: Role = Role.ADMIN, key: str | None = None, match: str = ""
    ) -> Answer:
        """Send a request; each POST has a new Idempotency-Key unless `key` is given."""
        headers = {"Authorization": f"Bearer {auth.issue(self.settings, tenant, role)}"} if tenant else {}
        headers |= {"Idempotency-Key": key or str(uuid4())} if method == "POST" and key != "" else {}
        headers |= {"If-Match": match} if match else {}
        async with self.session.request(method, path, json=body, headers=headers) as response:
            return Answer(response.status, await response.json() if await response.read() else None, response.headers)

    async def connect(self, tenant: UUID, wanted: dict[str, Any] = META, **more: Any) -> dict[str, Any]:
        """Connect an account, which must succeed."""
        answer = await self.call("POST", PATH, tenant, wanted | more)
        assert answer.status == 201, answer.body
        return answer.body

    async def told(self, tenant: UUID) -> list[IntegrationChanged]:
        """What others were told of the tenant's integrations, oldest first."""
        return list(await said(self.pool, tenant, IntegrationChanged))

    async def row(self, tenant: UUID, integration_id: str) -> dict[str, Any]:
        """The row of an integration."""
        async with postgres.tenant_transaction(self.pool, [tenant]) as tx:
            found = await tx.fetchrow("select * from external_integrations where id = $1", UUID(integration_id))
            assert found is not None
            return dict(found)

    async def opened(self, tenant: UUID, integration_id: str, column: str) -> str:
        """A secret of an integration in the clear."""
        row = await self.row(tenant, integration_id)
        async with postgres.tenant_transaction(self.pool, [tenant]) as tx:
            place = f"external_integrations/{column}/{integration_id}"
            return (await keyring.unseal(tx, self.settings.master_key, tenant, row[column], place)).decode()

    def credentials_in(self, event: IntegrationChanged) -> Any:
        """The credentials that an event carries, in the clear."""
        assert event.sealed_credentials
        place = f"integration.changed/{event.integration_id}"
        return json.loads(crypto.unseal(self.settings.master_key, b64decode(event.sealed_credentials), place))


def settings_with(public_url: str | None) -> IngestSettings:
    """Settings of ingest that is reached at `public_url`."""
    secrets = {"whatsapp_app_secret": "the-secret-of-the-app", "whatsapp_verify_token": "what-meta-repeats"}
    return IngestSettings.model_validate(nowhere().model_dump(exclude={"http_max_body_bytes"}) | secrets | {"public_url": public_url})


@asynccontextmanager
async def served(pool: Pool, public_url: str | None = "https://hooks.comanda.example") -> AsyncGenerator[Api]:
    """Serve the routes on a free port."""
    settings = settings_with(public_url)
    async with serving("ingest", pool, settings, integrations_api.router) as running:
        yield Api(running.session, settings, pool)
