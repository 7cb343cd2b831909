"""How fast an integration sends, whichever and however many processes send for it."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from deploy.demo.stand_ins.behaviour import Behaviour
from deploy.demo.stand_ins.provider import Provider as Meta
from libs import postgres
from libs.postgres import Pool
from schemas.contact import Channel
from schemas.integration_changed import Provider
from services.outbound import store
from services.outbound.__main__ import CONSUMES
from services.outbound.send_due import send_due
from services.outbound.send_rate import messages_per_second
from tests.consuming import consume
from tests.outbound.conftest import integration, message, rows, service_on, until

OTHER_INTEGRATION = UUID(int=8)


@pytest.mark.parametrize(
    ("config", "rate"),
    [
        ({}, 80.0),
        ({"messages_per_second": 5}, 5.0),
        ({"messages_per_second": 0.5}, 0.5),
        ({"messages_per_second": 0}, 0.01),
        ({"messages_per_second": -3}, 0.01),
        ({"messages_per_second": 10**9}, 1_000.0),
        ({"messages_per_second": "5"}, 80.0),
        ({"messages_per_second": True}, 80.0),
        ({"messages_per_second": None}, 80.0),
    ],
)
def test_the_config_says_how_fast_within_bounds(config: dict[str, Any], rate: float) -> None:
    assert messages_per_second(Provider.META, config) == rate


def test_every_provider_has_a_usual_rate() -> None:
    assert all(messages_per_second(provider, {}) > 0 for provider in Provider)


async def slow(pool: Pool, tenant: UUID, per_second: float, count: int) -> None:
    """An integration with that rate, and messages of as many conversations that wait for it."""
    config = {"messages_per_second": per_second, "template": {"name": "t", "language": "en"}}
    await consume(pool, "outbound", CONSUMES, integration(tenant, Provider.META, Channel.WHATSAPP, config=config))
    await consume(pool, "outbound", CONSUMES, *(message(tenant, to=f"+1555{number:04}") for number in range(count)))


async def refill(pool: Pool, tenant: UUID, tokens: float) -> None:
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await tx.execute("update send_rates set tokens = $1, tokens_at = now()", tokens)


async def test_processes_side_by_side_send_no_more_than_the_bucket_holds(pool: Pool, provider: Meta) -> None:
    tenant = uuid4()
    await slow(pool, tenant, 0.01, 20)
    processes = [service_on(pool, provider.url) for _ in range(4)]

    assert sum(await asyncio.gather(*map(send_due, processes))) == 1
    await refill(pool, tenant, 0)
    assert sum(await asyncio.gather(*map(send_due, processes))) == 0
    await refill(pool, tenant, 7)
    assert sum(await asyncio.gather(*map(send_due, processes))) == 1, "it holds no more than a second's worth, and one at least"


async def test_a_bucket_that_a_process_is_taking_from_is_left_to_it_and_not_waited_for(pool: Pool) -> None:
    tenant = uuid4()
    await slow(pool, tenant, 5, 20)
    async with postgres.worker_transaction(pool) as one, postgres.worker_transaction(pool) as other:
        assert len(await store.claim_due(one, 2, timedelta(seconds=60))) == 2
        await other.execute("set local lock_timeout = '1s'")
        assert await store.claim_due(other, 100, timedelta(seconds=60)) == []
    async with postgres.worker_transaction(pool) as other:
        assert len(await store.claim_due(other, 100, timedelta(seconds=60))) == 3


async def test_a_bucket_fills_with_time_up_to_a_second_s_worth(pool: Pool, provider: Meta) -> None:
    tenant = uuid4()
    await slow(pool, tenant, 5, 20)
    for seconds_ago, claimable in ((0.0, 0), (0.5, 2), (3600.0, 5)):
        async with postgres.tenant_transaction(pool, [tenant]) as tx:
            await tx.execute("update send_rates set tokens = 0, tokens_at = now() - $1::interval", timedelta(seconds=seconds_ago))
            await tx.execute("set local role comanda_worker")
            assert len(await store.claim_due(tx, 100, timedelta(seconds=60))) == claimable


async def test_a_limited_integration_does_not_delay_another(pool: Pool, provider: Meta) -> None:
    limited, free = uuid4(), uuid4()
    await slow(pool, limited, 0.01, 200)
    await refill(pool, limited, 0)
    await consume(pool, "outbound", CONSUMES, *(message(free, to=f"+1666{number:04}") for number in range(10)))

    assert await send_due(service_on(pool, provider.url)) == 10

    assert [row["attempt"] for row in await rows(pool, limited)] == [0] * 200, "waiting for a token is no attempt"


async def test_integrations_of_one_tenant_have_buckets_of_their_own(pool: Pool, provider: Meta) -> None:
    tenant = uuid4()
    await slow(pool, tenant, 0.01, 3)
    await consume(pool, "outbound", CONSUMES, *(message(tenant, integration_id=OTHER_INTEGRATION, to=f"+1666{number}") for number in range(3)))
    assert await send_due(service_on(pool, provider.url)) == 1 + 3


async def test_a_provider_that_hangs_leaves_room_for_others(pool: Pool, provider: Meta) -> None:
    hanging, quick = uuid4(), uuid4()
    async with Meta("the-provider-knows-it") as hangs:
        hangs.behaviour = Behaviour(delay_seconds=30)
        await consume(pool, "outbound", CONSUMES, *(message(hanging, to=f"+1555{number:04}") for number in range(200)))
        sending = asyncio.create_task(send_due(service_on(pool, hangs.url)))
        await until(lambda: _is(hangs.at_once >= store.AT_ONCE_BY_AN_INTEGRATION))
        await consume(pool, "outbound", CONSUMES, message(quick, integration_id=OTHER_INTEGRATION))
        await until(lambda: _tried(pool, quick))
        assert hangs.at_once == store.AT_ONCE_BY_AN_INTEGRATION + 1
        sending.cancel()
        await asyncio.wait([sending])


async def _is(value: bool) -> bool:
    return value


async def _tried(pool: Pool, tenant: UUID) -> bool:
    return [row["attempt"] for row in await rows(pool, tenant)] == [1]
