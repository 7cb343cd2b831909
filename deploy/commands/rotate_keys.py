"""`comanda keys`: a new data key for a distributor, and all data keys wrapped by a new master key."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import quote, urlsplit
from uuid import UUID

import asyncpg
from pydantic import SecretStr
from rich.console import Console
from rich.progress import Progress

import services
from libs import crypto, keyring, postgres
from libs.postgres import Connection, Transaction
from services.ingest import integrations_registry


def urls_of(admin_url: str, password: str) -> dict[str, str]:
    """Return each service's database on the server of `admin_url`, as the service's own role."""
    host = urlsplit(admin_url).netloc.rpartition("@")[2]
    return {name: f"postgresql://{name}:{quote(password, safe='')}@{host}/{name}" for name in services.NAMES}


async def rotate(urls: Mapping[str, str], master_key: SecretStr, distributor_id: UUID) -> dict[str, int]:
    """Give the distributor a new data key wherever it has one. Returns the new versions by service."""
    versions: dict[str, int] = {}
    for service, url in urls.items():
        async with _connected(url) as connection, _transaction(connection, distributor_id) as tx:
            if version := await keyring.rotate(tx, master_key, distributor_id):
                versions[service] = version
    return versions


async def rewrap(urls: Mapping[str, str], master_key: SecretStr, console: Console) -> int:
    """Wrap every data key with the master key that seals now, tenant by tenant; returns how many. Safe to repeat, and to run while services run.

    What is on its way under the old master key is sent again under the new one. Raises NotDecryptable.
    """
    rewrapped = 0
    with Progress(console=console) as progress:
        for service, url in urls.items():
            async with _connected(url) as connection:
                tenants = await _tenants_to_rewrap(connection, crypto.fingerprint(master_key))
                for tenant in progress.track(tenants, description=service):
                    rewrapped += await _rewrap_tenant(connection, service, master_key, tenant)
    return rewrapped


async def _rewrap_tenant(connection: Connection, service: str, master_key: SecretStr, distributor_id: UUID) -> int:
    rewrapped = 0
    async with _transaction(connection, distributor_id) as tx:
        while done := await keyring.rewrap(tx, master_key, distributor_id):
            rewrapped += done
        if service == "ingest":
            await integrations_registry.tell_all(tx, master_key, distributor_id)
    return rewrapped


async def _tenants_to_rewrap(connection: Connection, kek_ref: str) -> list[UUID]:
    async with connection.transaction():
        await connection.execute("set local role comanda_worker")
        return await keyring.select_tenants_wrapped_otherwise(connection, kek_ref)


@asynccontextmanager
async def _connected(url: str) -> AsyncGenerator[Connection]:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        await postgres.register_types(connection)
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def _transaction(connection: Connection, distributor_id: UUID) -> AsyncGenerator[Transaction]:
    async with connection.transaction():
        await postgres.set_tenants(connection, [distributor_id])
        yield connection
