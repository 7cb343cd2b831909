"""While the database is away, a consumer waits where it is, stays in its group, and loses nothing."""

import asyncio
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from aiokafka.admin import AIOKafkaAdminClient

from deploy.local.broker import Broker
from deploy.local.postgres import start as start_postgres
from libs import postgres
from libs.settings import Settings
from tests.libs import notes, wire
from tests.libs.conftest import consuming, settings_for
from tests.libs.notes import NoteTaken, note
from tests.libs.test_consumer import all_kept
from tests.libs.waiting import eventually
from tests.libs.wire import raw


async def _members(bootstrap: str) -> set[str]:
    """The ids of the members of the miniature service's group, while it is at rest."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        (answer,) = await admin.describe_consumer_groups([notes.TEMPLATE])
    finally:
        await admin.close()
    groups: Any = answer
    _, _, state, _, _, members, *_ = groups.groups[0]
    return {member[0] for member in members} if state == "Stable" else set()


async def test_a_consumer_outlasts_an_outage_of_the_database_longer_than_its_session(
    tenant: UUID, event_type: type[NoteTaken], broker: Broker, settings: Settings, folder: Path
) -> None:
    server = start_postgres(folder)
    try:
        await notes.create_template(server.admin_url)
        url = f"postgresql://{notes.TEMPLATE}:{notes.PASSWORD}@{urlsplit(server.admin_url).netloc.rpartition('@')[2]}/{notes.TEMPLATE}"
        session_ms = 1_500
        patient = settings_for(broker, settings, url, kafka_session_timeout_ms=session_ms)
        pool = await postgres.create_pool(url, notes.TEMPLATE, 5)
        async with consuming(patient, {event_type: notes.remember}, pool) as consumer:
            await wire.send(broker.bootstrap, event_type.topic, raw(note(event_type, tenant, "before")))
            await all_kept(pool, tenant, "before")
            members = await eventually(lambda: _members(broker.bootstrap))
            server.stop()
            await wire.send(broker.bootstrap, event_type.topic, raw(note(event_type, tenant, "meanwhile")))
            outlasted = time.monotonic() + 2 * session_ms / 1000
            while time.monotonic() < outlasted:
                assert await _members(broker.bootstrap) == members
                assert not consumer.stuck()
                await asyncio.sleep(0.2)
            await asyncio.to_thread(server.launch)
            await all_kept(pool, tenant, "before", "meanwhile")
            assert await _members(broker.bootstrap) == members
        await pool.close()
    finally:
        server.stop()
