"""The relay: rows a second from a full outbox to acknowledged records."""

import asyncio
import time
from uuid import UUID, uuid5

import asyncpg

from libs.relay import Relay
from libs.settings import Settings
from tests.bench.load import NAMESPACE

FILL = """
    insert into outbox (distributor_id, aggregate_type, aggregate_id, type, key, sequence, payload, headers)
    select $1, 'message', n::text, 'message.created', (n % 2000)::text, n / 2000 + 1,
           json_build_object('content', repeat('x', 400)), '{"ce_time": "2026-01-01T00:00:00+00:00"}'
      from generate_series(1, $2::integer) n
"""


async def relay(settings: Settings, admin_url: str, count: int) -> float:
    """Fill the outbox with `count` events of about 500 bytes, and return how many a second are published and deleted."""
    tenant: UUID = uuid5(NAMESPACE, "relay")
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute("delete from outbox")
        await connection.execute(FILL, tenant, count)
        stopping = asyncio.Event()
        started = time.perf_counter()
        running = asyncio.create_task(Relay("message_store", settings, stopping).run())
        while await connection.fetchval("select true from outbox limit 1"):  # noqa: ASYNC110 - the other side is a database
            await asyncio.sleep(0.02)
        took = time.perf_counter() - started
        stopping.set()
        await running
    finally:
        await connection.close()
    return count / took
