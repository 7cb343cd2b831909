"""The integration that a call names, with its secrets open: remembered for some seconds, since it hardly ever changes."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from pydantic import TypeAdapter

from libs import keyring, postgres
from libs.channels.inbound import NotSigned
from libs.service import Service
from services.ingest import store
from services.ingest.routes import MOST_REMEMBERED, REMEMBERED_SECONDS
from services.ingest.store import Route, SealedConnection

_Credentials = TypeAdapter(dict[str, str | None])


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """An integration as a call needs it."""

    route: Route
    account: str
    credentials: Mapping[str, str | None] = field(repr=False)
    webhook_secret: str | None = field(repr=False)

    def credential(self, name: str) -> str:
        """Return one of the provider's credentials. Raises NotSigned: without it no call can be checked."""
        if value := self.credentials.get(name):
            return value
        raise NotSigned(f"the integration has no {name}, so that its calls cannot be checked; add it to the integration's credentials")

    def secret(self) -> str:
        """Return the secret that the provider shows or signs with. Raises NotSigned."""
        if self.webhook_secret:
            return self.webhook_secret
        raise NotSigned("the integration has no webhook secret, so that its calls cannot be checked; give it one")


class Connections:
    """A short memory in front of external_integrations. Unknown ones are not remembered."""

    def __init__(self) -> None:
        self._known: dict[UUID, tuple[float, Connection]] = {}

    async def find(self, service: Service, integration_id: UUID) -> Connection | None:
        """Return the integration, if there is one and it is in use."""
        now = time.monotonic()
        if (known := self._known.get(integration_id)) and known[0] > now:
            return known[1]
        async with postgres.worker_transaction(service.pool) as worker:
            sealed = await store.select_connection(worker, integration_id)
        if sealed is None:
            self._known.pop(integration_id, None)
            return None
        connection = await _opened(service, sealed)
        if len(self._known) > MOST_REMEMBERED:
            self._known.clear()
        self._known[integration_id] = (now + REMEMBERED_SECONDS, connection)
        return connection


async def _opened(service: Service, sealed: SealedConnection) -> Connection:
    route = sealed.route
    credentials = await _open(service, route, sealed.credentials, "credentials")
    secret = await _open(service, route, sealed.webhook_secret, "webhook_secret")
    return Connection(
        route=route,
        account=sealed.account,
        credentials=_Credentials.validate_json(credentials) if credentials else {},
        webhook_secret=secret.decode() if secret else None,
    )


async def _open(service: Service, route: Route, sealed: bytes | None, column: str) -> bytes | None:
    if sealed is None:
        return None
    place = f"external_integrations/{column}/{route.integration_id}"
    async with postgres.tenant_transaction(service.pool, [route.distributor_id]) as tx:
        return await keyring.unseal(tx, service.settings.master_key, route.distributor_id, sealed, place)
