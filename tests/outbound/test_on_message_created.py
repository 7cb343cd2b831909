"""A message of ours is queued, once."""

from uuid import uuid4

import pytest

from libs import postgres
from libs.postgres import Pool
from services.outbound.__main__ import CONSUMES
from services.outbound.on_message_created import IntegrationUnknown
from tests.consuming import consume, said
from tests.outbound.conftest import message


async def count(pool: Pool, *distributor_ids: object) -> int:
    async with postgres.tenant_transaction(pool, distributor_ids) as tx:  # pyright: ignore[reportArgumentType]
        return await tx.fetchval("select count(*) from outbound_messages")


async def test_ours_are_queued_for_their_own_tenants_and_nothing_is_said(pool: Pool) -> None:
    one, other = uuid4(), uuid4()

    await consume(pool, "outbound", CONSUMES, message(one), message(one), message(other), message(one, ours=False))

    assert (await count(pool, one), await count(pool, other)) == (2, 1)
    assert await count(pool) == 0
    assert not await said(pool, one)


async def test_what_a_customer_wrote_is_not_queued(pool: Pool) -> None:
    tenant = uuid4()
    await consume(pool, "outbound", CONSUMES, message(tenant, ours=False))
    assert await count(pool, tenant) == 0


async def test_a_redelivered_event_changes_nothing(pool: Pool) -> None:
    tenant = uuid4()
    event = message(tenant)
    again = event.model_copy().arrived_in(message(tenant).envelope)

    for arriving in (event, event, again):
        await consume(pool, "outbound", CONSUMES, arriving)

    assert await count(pool, tenant) == 1


async def test_a_message_of_no_integration_is_refused(pool: Pool) -> None:
    tenant = uuid4()
    with pytest.raises(IntegrationUnknown):
        await consume(pool, "outbound", CONSUMES, message(tenant, integration_id=None))
    assert await count(pool, tenant) == 0
