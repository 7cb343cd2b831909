"""Writing integrations, their secrets sealed, and telling everybody what became of them."""

import secrets
from base64 import b64encode
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from pydantic import SecretStr
from pydantic_core import to_json

from libs import crypto, keyring, outbox
from libs.channels.gateway import SECRET_PREFIX
from libs.postgres import Transaction
from libs.refused import Conflict, NotFound
from schemas.integration_changed import IntegrationStatus, Provider
from services.ingest import integrations_store, store
from services.ingest.integration import Integration, webhook_url
from services.ingest.integration_form import Wanted

CREDENTIALS = "credentials"
NONE_BEFORE = UUID(int=0)
WEBHOOK_SECRET = "webhook_secret"  # noqa: S105 - a column's name


class AccountTaken(Conflict):
    """The account of a provider is connected already, whoever connected it."""


async def create(tx: Transaction, master_key: SecretStr, distributor_id: UUID, wanted: Wanted, public_url: str) -> Integration:
    """Connect an account. Raises AccountTaken."""
    integration_id = uuid4()
    if not await store.insert_integration(
        tx, distributor_id, integration_id, wanted.provider, wanted.external_account_id, wanted.display_name, wanted.channel
    ):
        raise AccountTaken("this account is connected already; change the integration that you have, or ask whoever runs this installation")
    return await change(tx, master_key, distributor_id, integration_id, wanted, {CREDENTIALS, WEBHOOK_SECRET, "status"}, public_url)


async def change(
    tx: Transaction, master_key: SecretStr, distributor_id: UUID, integration_id: UUID, wanted: Wanted, named: Collection[str], public_url: str
) -> Integration:
    """Make an integration what is wanted; its secrets only where they are `named`, a webhook secret of null by a new one. Raises NotFound."""
    current = await find(tx, distributor_id, integration_id)
    changes: dict[str, Any] = {
        "display_name": wanted.display_name,
        "provider_version": wanted.provider_version,
        "config": wanted.kept_config(),
        "webhook_url": webhook_url(public_url, wanted.provider, integration_id),
        "status": _status(current, wanted, named),
    }
    if not {"status", CREDENTIALS}.isdisjoint(named):
        changes["error_count"] = 0
    if CREDENTIALS in named:
        clear = wanted.credentials and wanted.credentials.in_clear()
        changes[CREDENTIALS] = clear and await keyring.seal(tx, master_key, distributor_id, clear, place(CREDENTIALS, integration_id))
    if WEBHOOK_SECRET in named:
        text = wanted.webhook_secret.get_secret_value() if wanted.webhook_secret else new_secret(wanted.provider)
        changes[WEBHOOK_SECRET] = await keyring.seal(tx, master_key, distributor_id, text.encode(), place(WEBHOOK_SECRET, integration_id))
    await integrations_store.update_integration(tx, distributor_id, integration_id, changes)
    return await tell(tx, master_key, distributor_id, integration_id)


async def delete(tx: Transaction, distributor_id: UUID, integration: Integration) -> None:
    """Delete an integration; one that messages came in by stays, INACTIVE and without its secrets. It must be locked."""
    if await integrations_store.delete_integration(tx, distributor_id, integration.id):
        await outbox.enqueue(tx, integration.changed(distributor_id, datetime.now(UTC), deleted=True))
        return
    nothing = {CREDENTIALS: None, WEBHOOK_SECRET: None, "status": IntegrationStatus.INACTIVE}
    if left := await integrations_store.update_integration(tx, distributor_id, integration.id, nothing):
        await outbox.enqueue(tx, left.changed(distributor_id, datetime.now(UTC)))


async def tell(tx: Transaction, master_key: SecretStr, distributor_id: UUID, integration_id: UUID) -> Integration:
    """Enqueue integration.changed, with the credentials sealed for the way; returns the integration. Raises NotFound."""
    integration = await find(tx, distributor_id, integration_id)
    sealed = None
    if clear := await _credentials(tx, master_key, distributor_id, integration):
        sealed = b64encode(crypto.seal(master_key, clear, f"integration.changed/{integration_id}")).decode()
    await outbox.enqueue(tx, integration.changed(distributor_id, datetime.now(UTC), sealed))
    return integration


async def _credentials(tx: Transaction, master_key: SecretStr, distributor_id: UUID, integration: Integration) -> bytes | None:
    """Return what whoever calls the provider needs, in the clear: of a gateway the secret that both sides sign with."""
    if integration.provider == Provider.GATEWAY:
        secret = await webhook_secret_of(tx, master_key, distributor_id, integration.id)
        return to_json({WEBHOOK_SECRET: secret}) if secret else None
    credentials, _ = await integrations_store.select_secrets(tx, distributor_id, integration.id)
    return credentials and await keyring.unseal(tx, master_key, distributor_id, credentials, place(CREDENTIALS, integration.id))


async def tell_all(tx: Transaction, master_key: SecretStr, distributor_id: UUID) -> None:
    """Enqueue integration.changed of every integration of the tenant."""
    for integration in await integrations_store.select_integrations(tx, distributor_id, NONE_BEFORE, limit=None):
        await tell(tx, master_key, distributor_id, integration.id)


async def find(tx: Transaction, distributor_id: UUID, integration_id: UUID) -> Integration:
    """Return an integration, locked. Raises NotFound."""
    if found := await integrations_store.lock_integration(tx, distributor_id, integration_id):
        return found
    raise NotFound(f"there is no integration {integration_id}")


async def webhook_secret_of(tx: Transaction, master_key: SecretStr, distributor_id: UUID, integration_id: UUID) -> str | None:
    """Return the webhook secret in the clear: for the answer to the request that set it, and for who signs with it."""
    _, sealed = await integrations_store.select_secrets(tx, distributor_id, integration_id)
    if sealed is None:
        return None
    return (await keyring.unseal(tx, master_key, distributor_id, sealed, place(WEBHOOK_SECRET, integration_id))).decode()


def place(column: str, integration_id: UUID) -> str:
    """Return what a secret of an integration is sealed for."""
    return f"external_integrations/{column}/{integration_id}"


def new_secret(provider: Provider) -> str:
    """Return a fresh webhook secret in the provider's form."""
    return SECRET_PREFIX + b64encode(secrets.token_bytes(32)).decode() if provider is Provider.GATEWAY else secrets.token_urlsafe(32)


def _status(current: Integration, wanted: Wanted, named: Collection[str]) -> IntegrationStatus:
    has_credentials = wanted.credentials is not None if CREDENTIALS in named else current.has_credentials
    if wanted.status is IntegrationStatus.INACTIVE:
        return IntegrationStatus.INACTIVE
    if wanted.needs_credentials and not has_credentials:
        return IntegrationStatus.PENDING_AUTH
    if current.status == IntegrationStatus.ERROR and {"status", CREDENTIALS}.isdisjoint(named):
        return IntegrationStatus.ERROR
    return IntegrationStatus.ACTIVE
