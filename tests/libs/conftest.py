"""A service in miniature, with a database and a topic of its own for each test."""

import asyncio
import itertools
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from deploy.local.broker import Broker
from deploy.local.postgres import Postgres
from libs import postgres
from libs.consumer import Consumer, Handlers
from libs.postgres import Pool
from libs.settings import Settings
from schemas.catalog import EVENTS
from tests.libs import notes, wire
from tests.libs.notes import NoteTaken

_numbers = itertools.count(1)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def template(server: Postgres) -> str:
    """The superuser's URL of the server on which the miniature service's database is a template."""
    await notes.create_template(server.admin_url)
    return server.admin_url


@pytest_asyncio.fixture
async def database_url(template: str) -> AsyncIterator[str]:
    """A fresh database of the miniature service, as its own role."""
    name = f"{notes.TEMPLATE}_{os.getpid()}_{next(_numbers)}"
    admin = await asyncpg.connect(template)
    await admin.execute(f"create database {name} template {notes.TEMPLATE} strategy file_copy")
    yield f"postgresql://{notes.TEMPLATE}:{notes.PASSWORD}@{urlsplit(template).netloc.rpartition('@')[2]}/{name}"
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


@pytest_asyncio.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """Connections of the miniature service."""
    opened = await postgres.create_pool(database_url, notes.TEMPLATE, 10)
    yield opened
    await opened.close()


@pytest.fixture
def tenant() -> UUID:
    """A tenant of this test's own."""
    return uuid4()


@pytest_asyncio.fixture
async def event_type(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> type[NoteTaken]:
    """An event on a topic of this test's own, so that nothing of another test comes in."""
    return await new_event_type(broker, monkeypatch)


async def new_event_type(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> type[NoteTaken]:
    """Create a topic, with dead letters, and the event that goes there."""

    class Taken(NoteTaken):
        """Something to remember."""

        topic = f"note.taken_{os.getpid()}_{next(_numbers)}"

    monkeypatch.setitem(EVENTS, Taken.topic, Taken)
    await wire.create_topic(broker.bootstrap, Taken.topic)
    return Taken


def settings_for(broker: Broker, base: Settings, database_url: str, **changes: object) -> Settings:
    """The settings with which a service finds this broker and this database."""
    found = {name.removeprefix("COMANDA_").lower(): value for name, value in broker.environment.items()}
    return Settings(**(base.model_dump() | found | {"database_url": database_url} | changes))  # pyright: ignore[reportArgumentType] - read as from the environment


@pytest.fixture
def running_settings(broker: Broker, settings: Settings, database_url: str) -> Settings:
    """The settings with which the miniature service runs."""
    return settings_for(broker, settings, database_url)


@asynccontextmanager
async def consuming(settings: Settings, handlers: Handlers, pool: Pool, service: str = notes.TEMPLATE) -> AsyncGenerator[Consumer]:
    """Run the consumer of a service until the end of the block; then the batch in hand is finished."""
    stopping = asyncio.Event()
    consumer = Consumer(service, settings, handlers, pool, stopping, lambda: None)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(consumer.run())
        try:
            yield consumer
        finally:
            stopping.set()
