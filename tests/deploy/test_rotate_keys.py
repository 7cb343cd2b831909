"""`comanda keys` on real databases: new data keys for one distributor, a new master key for all."""

import io
import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from pydantic import SecretStr
from rich.console import Console
from typer.testing import CliRunner

from deploy import cli
from deploy.commands import rotate_keys
from libs import crypto, keyring, postgres
from libs.crypto import NotDecryptable
from libs.postgres import Pool
from schemas.integration_changed import IntegrationChanged
from services.ingest import integrations_registry
from services.ingest.integration import Integration
from services.ingest.integration_form import any_wanted
from tests.conftest import PASSWORD
from tests.consuming import said

OLD, NEW = (SecretStr(b64encode(letter * 32).decode()) for letter in (b"o", b"n"))
BOTH = SecretStr(f"{NEW.get_secret_value()},{OLD.get_secret_value()}")
PLACE = "somewhere"


@dataclass(frozen=True)
class Databases:
    """Fresh databases of two services."""

    urls: dict[str, str]
    pools: dict[str, Pool]

    async def seal(self, service: str, tenant: UUID) -> bytes:
        """Seal a secret of the tenant with the old master key."""
        async with postgres.tenant_transaction(self.pools[service], [tenant]) as tx:
            return await keyring.seal(tx, OLD, tenant, b"secret", PLACE)

    async def unseal(self, service: str, tenant: UUID, sealed: bytes, master_key: SecretStr) -> bytes:
        """Open a secret of the tenant."""
        async with postgres.tenant_transaction(self.pools[service], [tenant]) as tx:
            return await keyring.unseal(tx, master_key, tenant, sealed, PLACE)

    async def connect(self, tenant: UUID, credentials: dict[str, Any] | None) -> Integration:
        """Connect a number of the tenant."""
        number = {"provider": "Meta", "external_account_id": str(tenant.int)[:15], "display_name": "Orders", "credentials": credentials}
        async with postgres.tenant_transaction(self.pools["ingest"], [tenant]) as tx:
            return await integrations_registry.create(tx, OLD, tenant, any_wanted.validate_python(number), "https://hooks.example")


@pytest_asyncio.fixture
async def databases(new_database: Callable[[str], Awaitable[str]]) -> AsyncIterator[Databases]:
    """One of each service, and a pool on it."""
    urls = {service: await new_database(service) for service in ("accounts", "ingest")}
    pools = {service: await postgres.create_pool(url, service, 2) for service, url in urls.items()}
    yield Databases(urls, pools)
    for pool in pools.values():
        await pool.close()


async def rewrap(databases: Databases, master_key: SecretStr) -> int:
    """Wrap all keys anew, and see that progress is shown."""
    shown = io.StringIO()
    done = await rotate_keys.rewrap(databases.urls, master_key, Console(file=shown))
    assert "ingest" in shown.getvalue()
    return done


async def test_one_distributor_gets_new_keys_where_it_has_some(databases: Databases) -> None:
    tenant, other = uuid4(), uuid4()
    sealed, theirs = await databases.seal("ingest", tenant), await databases.seal("ingest", other)

    assert await rotate_keys.rotate(databases.urls, OLD, tenant) == {"ingest": 2}
    assert await rotate_keys.rotate(databases.urls, OLD, uuid4()) == {}

    assert await databases.unseal("ingest", tenant, sealed, OLD) == b"secret"
    assert int.from_bytes((await databases.seal("ingest", tenant))[1:5]) == 2
    assert (await databases.seal("ingest", other))[:5] == theirs[:5]


async def test_every_key_of_every_service_is_wrapped_by_the_new_master_key(databases: Databases) -> None:
    tenants = [uuid4() for _ in range(3)]
    sealed = {(service, tenant): await databases.seal(service, tenant) for service in databases.urls for tenant in tenants}
    await rotate_keys.rotate(databases.urls, OLD, tenants[0])

    assert await rewrap(databases, BOTH) == 8
    assert await rewrap(databases, BOTH) == 0

    for (service, tenant), each in sealed.items():
        assert await databases.unseal(service, tenant, each, NEW) == b"secret"
        with pytest.raises(NotDecryptable):
            await databases.unseal(service, tenant, each, OLD)


async def test_credentials_are_told_once_more_under_the_new_master_key(databases: Databases) -> None:
    tenant = uuid4()
    integration = await databases.connect(tenant, {"access_token": "a-token"})

    await rewrap(databases, BOTH)
    await rewrap(databases, BOTH)

    before, after = await said(databases.pools["ingest"], tenant, IntegrationChanged)
    place = f"integration.changed/{integration.id}"
    assert json.loads(crypto.unseal(NEW, b64decode(after.sealed_credentials), place)) == {"access_token": "a-token"}
    with pytest.raises(NotDecryptable):
        crypto.unseal(NEW, b64decode(before.sealed_credentials), place)


async def test_without_the_previous_master_key_nothing_changes(databases: Databases) -> None:
    tenant = uuid4()
    sealed = await databases.seal("ingest", tenant)
    with pytest.raises(NotDecryptable):
        await rewrap(databases, NEW)
    assert await databases.unseal("ingest", tenant, sealed, OLD) == b"secret"


def test_the_commands_find_the_databases_of_a_server(migrated: str) -> None:
    said_by = CliRunner(env={"COMANDA_POSTGRES_ADMIN_URL": migrated, "COMANDA_DATABASE_PASSWORD": PASSWORD})
    key = {"COMANDA_MASTER_KEY": OLD.get_secret_value()}

    nothing = said_by.invoke(cli.app, ["keys", "rotate", "--distributor", str(uuid4())], env=key)
    assert (nothing.exit_code, "has no data key" in nothing.output) == (1, True)
    done = said_by.invoke(cli.app, ["keys", "rewrap"], env=key)
    assert (done.exit_code, "data keys wrapped anew" in done.output) == (0, True)
    wrong = said_by.invoke(cli.app, ["keys", "rewrap"], env={"COMANDA_MASTER_KEY": "no-key-at-all"})
    assert (wrong.exit_code, "32 random bytes" in wrong.output, "no-key-at-all" in wrong.output) == (1, True, False)
