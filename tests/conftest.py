"""What every test may ask for: a migrated throw-away database, a broker, settings."""

import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_asyncio
import structlog

from deploy.commands.migrate import migrate_all
from deploy.commands.topics import create_topics
from deploy.local.broker import Broker, start_broker
from deploy.local.postgres import Postgres
from deploy.local.postgres import start as start_postgres
from libs import postgres as database
from libs.postgres import Pool
from libs.settings import Settings
from tests.consuming import nowhere

PASSWORD = "only-for-tests"
_numbers = itertools.count(1)

NewPool = Callable[[str], Awaitable[Pool]]
"""Opens a pool, as the service's own role, on a fresh database of the named service."""


@pytest.fixture(scope="session", autouse=True)
def plain_log() -> None:
    """Log without the local variables of each frame, which take seconds to print."""
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()]
    )


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """One PostgreSQL for the whole run."""
    running = start_postgres(tmp_path_factory.mktemp("postgres"), durable=False)
    yield running
    running.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def migrated(server: Postgres) -> str:
    """The superuser's URL of a server on which every service's database is migrated; they serve as templates."""
    await migrate_all(server.admin_url, PASSWORD)
    return server.admin_url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Broker]:
    """One broker for the whole run, with every topic."""
    running = start_broker(tmp_path_factory.mktemp("broker"))
    await create_topics(running.bootstrap)
    yield running
    running.stop()


@pytest_asyncio.fixture
async def new_database(migrated: str) -> AsyncIterator[Callable[[str], Awaitable[str]]]:
    """Create a fresh database of a service; returns its URL for the service's own role. Dropped after the test."""
    names: list[str] = []
    admin = await asyncpg.connect(migrated)

    async def create(service: str) -> str:
        name = f"{service}_{os.getpid()}_{next(_numbers)}"
        await admin.execute(f"create database {name} template {service} strategy file_copy")
        names.append(name)
        host = urlsplit(migrated).netloc.rpartition("@")[2]
        return f"postgresql://{service}:{PASSWORD}@{host}/{name}"

    yield create
    for name in names:
        await admin.execute(f"drop database {name} with (force)")
    await admin.close()


@pytest_asyncio.fixture
async def new_pool(new_database: Callable[[str], Awaitable[str]]) -> AsyncIterator[NewPool]:
    """Open pools on fresh databases; closed after the test."""
    pools: list[Pool] = []

    async def create(service: str) -> Pool:
        pool = await database.create_pool(await new_database(service), service, 5)
        pools.append(pool)
        return pool

    yield create
    for pool in pools:
        await pool.close()


@pytest.fixture
def settings() -> Settings:
    """Settings of a service that is not told of any server."""
    return nowhere()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of this test's own."""
    return tmp_path
