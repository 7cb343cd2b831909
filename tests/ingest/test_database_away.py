"""While the database is away nothing is promised; when it is back, what the provider sends again is stored."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from deploy.commands.migrate import migrate_all
from deploy.demo.stand_ins.customer_messages import text_message
from deploy.local.postgres import start as start_postgres
from libs import postgres
from tests.conftest import PASSWORD
from tests.ingest.conftest import Ingest, Tenant, connect_number, messages, receipts, running
from tests.ingest.providers import GATEWAY
from tests.libs.waiting import eventually


async def _is_taken(ingest: Ingest, tenant: Tenant, wamid: str) -> bool:
    """Send the message as the provider does until it is answered with 200; each other answer asks to try again later."""
    answer = await ingest.tell(text_message(tenant.number, "+15550100001", "3 cs whole milk", wamid))
    if answer.status == 200:
        return True
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "try again" in answer.body["detail"]
    return False


async def _is_served(ingest: Ingest, tenant: Tenant, external_id: str) -> bool:
    """Send the message as a gateway does."""
    answer = await ingest.call(GATEWAY.request(ingest, tenant, external_id, "3 cs whole milk"))
    assert answer.status == 200 or (answer.status == 503 and int(answer.headers["Retry-After"]) > 0)
    return answer.status == 200


async def test_while_the_database_is_slow_callers_are_asked_to_try_again_and_what_they_send_again_is_stored_once(
    ingest: Ingest, pool: postgres.Pool
) -> None:
    texter = await GATEWAY.connect(pool)
    async with postgres.tenant_transaction(pool, [texter.distributor_id]) as blocking:
        await blocking.execute("lock table inbound_receipts in share mode")
        assert await asyncio.gather(*(_is_served(ingest, texter, f"m{number}") for number in range(3))) == [False] * 3
    await eventually(lambda: _is_served(ingest, texter, "m0"))
    assert await asyncio.gather(*(_is_served(ingest, texter, f"m{number}") for number in range(3))) == [True] * 3
    assert sorted(message.external_message_id for message in await messages(pool, texter)) == ["m0", "m1", "m2"]


async def test_a_webhook_that_comes_while_the_database_is_away_is_stored_when_it_is_sent_again(folder: Path) -> None:
    server = start_postgres(folder)
    try:
        await migrate_all(server.admin_url, PASSWORD)
        url = f"postgresql://ingest:{PASSWORD}@{urlsplit(server.admin_url).netloc.rpartition('@')[2]}/ingest"
        tenant = Tenant(distributor_id=uuid4(), integration_id=uuid4(), number="1055001")
        async with running(url) as ingest:
            pool = await postgres.create_pool(url, "ingest", 2)
            await connect_number(pool, tenant)
            texter = await GATEWAY.connect(pool)
            assert await _is_taken(ingest, tenant, "wamid.before")
            await asyncio.to_thread(server.stop)

            assert not await _is_taken(ingest, tenant, "wamid.meanwhile")
            unknown_account = await ingest.tell(text_message("404404404", "+15550100001", "hello", "wamid.1"))
            assert unknown_account.status == 503
            assert not await _is_served(ingest, texter, "m1")

            await asyncio.to_thread(server.launch)
            await eventually(lambda: _is_taken(ingest, tenant, "wamid.meanwhile"))
            assert [message.external_message_id for message in await messages(pool, tenant)] == ["wamid.before", "wamid.meanwhile"]
            assert len(await receipts(pool, tenant)) == 2
            await eventually(lambda: _is_served(ingest, texter, "m1"))
            assert [message.external_message_id for message in await messages(pool, texter)] == ["m1"]
            await pool.close()
    finally:
        server.stop()
