"""A call that may be delivered again is known; one that is older is forgotten."""

from uuid import UUID

from libs import postgres, retention
from libs.postgres import Pool
from services.ingest.__main__ import keeps
from tests.ingest.conftest import Ingest, receipts
from tests.ingest.providers import MAILGUN, TEXT


async def make_older(pool: Pool, distributor_id: UUID, days: int) -> None:
    """Let all that came in have come so long ago."""
    async with postgres.tenant_transaction(pool, [distributor_id]) as tx:
        await tx.execute("update inbound_receipts set received_at = now() - make_interval(days => $1)", days)
        await tx.execute("update webhook_tokens set created_at = now() - make_interval(days => $1)", days)


async def test_receipts_and_tokens_are_kept_for_as_long_as_a_provider_tries_and_then_forgotten(ingest: Ingest, pool: Pool) -> None:
    old, young = await MAILGUN.connect(pool), await MAILGUN.connect(pool)
    for tenant, days in ((old, 11), (young, 9)):
        assert (await ingest.call(MAILGUN.request(ingest, tenant, "m1", TEXT))).status == 200
        await make_older(pool, tenant.distributor_id, days)

    async with pool.acquire() as connection:
        deleted = {each.table: sum([count async for count in each.batches(connection)]) for each in keeps(ingest.settings)}

    assert deleted == {"inbound_receipts": 1, "webhook_tokens": 1}
    assert (len(await receipts(pool, old)), len(await receipts(pool, young))) == (0, 1)
    assert {each.table for each in retention.shared(ingest.settings)}.isdisjoint(deleted)
