"""A budget is never exceeded, however many calls race for what is left of it."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from libs import postgres
from libs.postgres import Pool
from services.ai_agent import budget_store
from services.ai_agent.__main__ import CONSUMES
from services.ai_agent.book_abandoned import book_abandoned
from services.ai_agent.budget import Room, Wanted, share_out
from services.ai_agent.budget_store import Spent
from services.ai_agent.reserving import Reserver, reserve_all
from tests.ai_agent.conftest import execute, known, message, rows, service_on, work
from tests.consuming import consume
from tests.llm.model_server import MODEL, SMALL, Behaviour, ModelServer, Usage

MONTH = date(2026, 11, 1)
MINUTE = timedelta(minutes=1)


async def reserve(pool: Pool, tenant: UUID, most: str, *, sees: UUID | None = None, lease: timedelta = MINUTE) -> tuple[UUID, int | None]:
    wanted = Wanted(distributor_id=tenant, call_id=uuid4(), model=MODEL, most_usd=Decimal(most))
    async with postgres.tenant_transaction(pool, [sees or tenant]) as tx:
        return wanted.call_id, (await reserve_all(tx, [wanted], MONTH, lease)).get(wanted.call_id)


async def book(pool: Pool, tenant: UUID, call_id: UUID, cost: str, *, sees: UUID | None = None) -> None:
    async with postgres.tenant_transaction(pool, [sees or tenant]) as tx:
        await budget_store.book(tx, [Spent(tenant, call_id, Decimal(cost))])


async def month_of(pool: Pool, tenant: UUID) -> tuple[Any, ...]:
    [row] = await rows(pool, tenant, "ai_budget_months")
    return row["requests"], row["spent_usd"], row["in_flight"], row["reserved_usd"]


async def test_fifty_workers_race_for_the_last_dollar_and_never_exceed_it(pool: Pool) -> None:
    tenant = uuid4()
    await known(pool, tenant, monthly_ai_budget_usd=Decimal(1))

    async def call(number: int) -> bool:
        call_id, granted = await reserve(pool, tenant, "0.09")
        if granted:
            # What it costs in the end is less, so that there is room again.
            await book(pool, tenant, call_id, "0.07" if number % 2 else "0.09")
        return granted is not None

    for _ in range(3):
        await asyncio.gather(*(call(number) for number in range(50)))
        _, spent, in_flight, reserved = await month_of(pool, tenant)
        assert spent <= 1
        assert (in_flight, reserved) == (0, 0)
    requests, spent, _, _ = await month_of(pool, tenant)
    assert requests >= 11
    assert spent > Decimal("0.91"), "no room is left for another call"


async def test_calls_in_flight_count_as_spent(pool: Pool) -> None:
    tenant = uuid4()
    await known(pool, tenant, monthly_ai_budget_usd=Decimal(1))
    granted = await asyncio.gather(*(reserve(pool, tenant, "0.3") for _ in range(50)))
    assert sorted(in_flight for _, in_flight in granted if in_flight) == [1, 2, 3]
    assert await month_of(pool, tenant) == (0, 0, 3, Decimal("0.9"))


async def test_workers_that_ask_at_the_same_time_are_answered_together(pool: Pool) -> None:
    tenant, other = uuid4(), uuid4()
    await known(pool, tenant, monthly_ai_budget_usd=Decimal(1))
    await known(pool, other)
    processes = [Reserver(service_on(pool), MINUTE) for _ in range(5)]

    async def wish(number: int, whose: UUID) -> int | None:
        wanted = Wanted(distributor_id=whose, call_id=uuid4(), model=MODEL, most_usd=Decimal("0.03"))
        return await processes[number % 5].reserve(wanted)

    granted = await asyncio.gather(*(wish(number, whose) for number in range(50) for whose in (tenant, other)))

    assert sorted(granted[0::2], key=lambda each: each or 0)[-33:] == list(range(1, 34))
    assert granted[0::2].count(None) == 17
    assert None not in granted[1::2]
    [month] = await rows(pool, tenant, "ai_budget_months")
    assert (month["in_flight"], month["reserved_usd"]) == (33, Decimal("0.99"))


def test_what_is_left_is_shared_out_in_order_and_a_cheaper_call_may_still_fit() -> None:
    tenant = uuid4()
    wanted = [Wanted(distributor_id=tenant, call_id=uuid4(), model=MODEL, most_usd=Decimal(most)) for most in ("0.5", "0.6", "0.5", "0.1")]
    room = Room(usd=Decimal(1), requests=3, in_flight=2)
    assert list(share_out({tenant: room}, wanted)) == [wanted[0].call_id, wanted[2].call_id]
    assert list(share_out({tenant: Room(usd=None, requests=1, in_flight=0)}, wanted).values()) == [1]
    assert share_out({}, wanted) == {}


async def test_a_limit_of_requests_holds_as_well(pool: Pool) -> None:
    tenant = uuid4()
    await known(pool, tenant, max_monthly_ai_requests=5)
    granted = await asyncio.gather(*(reserve(pool, tenant, "0") for _ in range(20)))
    assert sum(in_flight is not None for _, in_flight in granted) == 5


@pytest.mark.parametrize(("terms", "most"), [({"monthly_ai_budget_usd": Decimal("0.5")}, "0.51"), ({"max_monthly_ai_requests": 0}, "0")])
async def test_the_first_call_of_a_month_is_held_to_the_budget_too(pool: Pool, terms: dict[str, Any], most: str) -> None:
    tenant = uuid4()
    await known(pool, tenant, **terms)
    assert (await reserve(pool, tenant, most))[1] is None
    assert await month_of(pool, tenant) == (0, 0, 0, 0)


async def test_nothing_is_granted_to_whom_nobody_knows_or_for_another_tenant(pool: Pool) -> None:
    ours, theirs = uuid4(), uuid4()
    await known(pool, theirs)
    assert (await reserve(pool, ours, "0"))[1] is None
    assert (await reserve(pool, theirs, "0", sees=ours))[1] is None
    call_id, _ = await reserve(pool, theirs, "1")
    await book(pool, theirs, call_id, "1", sees=ours)
    assert await month_of(pool, theirs) == (0, 0, 1, 1)


async def test_a_call_is_booked_once(pool: Pool) -> None:
    tenant = uuid4()
    await known(pool, tenant)
    call_id, _ = await reserve(pool, tenant, "1")
    for _ in range(2):
        await book(pool, tenant, call_id, "0.25")
    assert await month_of(pool, tenant) == (1, Decimal("0.25"), 0, 0)


async def test_a_call_that_nobody_came_back_from_is_booked_whole(pool: Pool) -> None:
    tenant, other = uuid4(), uuid4()
    await known(pool, tenant)
    await known(pool, other)
    call_id, _ = await reserve(pool, tenant, "0.4", lease=-MINUTE)
    await reserve(pool, other, "0.4")

    assert await book_abandoned(service_on(pool)) == 1
    assert await book_abandoned(service_on(pool)) == 0
    await book(pool, tenant, call_id, "0.1")

    assert await month_of(pool, tenant) == (1, Decimal("0.4"), 0, 0)
    assert await month_of(pool, other) == (0, 0, 1, Decimal("0.4"))


async def test_with_the_budget_spent_messages_go_on_without_a_model(pool: Pool, model: ModelServer) -> None:
    tenant = uuid4()
    model.usage = Usage(input_tokens=1_000, cached_tokens=0, output_tokens=1_000)
    await known(pool, tenant, (MODEL, "10", "100"), (SMALL, "0.01", "0.1"), monthly_ai_budget_usd=Decimal("0.85"))
    await consume(pool, "ai_agent", CONSUMES, *(message(tenant) for _ in range(12)))

    assert await work(pool, model.base_url) == 12

    [month] = await rows(pool, tenant, "ai_budget_months")
    assert month["spent_usd"] <= Decimal("0.85")
    assert month["requests"] == len(model.asked) == 12
    used = [row["model_used"] for row in await rows(pool, tenant, "ai_responses")]
    assert set(used) == {MODEL, SMALL}
    assert {row["error_type"] for row in await rows(pool, tenant, "ai_errors")} == {"BUDGET"}


async def test_a_model_without_a_price_is_not_asked_where_there_is_a_budget(pool: Pool, model: ModelServer) -> None:
    tenant = uuid4()
    await known(pool, tenant, monthly_ai_budget_usd=Decimal(100))
    await consume(pool, "ai_agent", CONSUMES, message(tenant))
    await work(pool, model.base_url)
    assert model.asked == []
    assert {row["detail"] for row in await rows(pool, tenant, "ai_errors")} == {"no price of this model is known"}


async def test_a_timed_out_call_is_booked_at_what_it_may_have_cost(pool: Pool, model: ModelServer) -> None:
    tenant = uuid4()
    model.behaviours[MODEL] = Behaviour(hangs=True)
    await known(pool, tenant, (MODEL, "2", "8"))
    await consume(pool, "ai_agent", CONSUMES, message(tenant))
    await work(pool, model.base_url, ai_timeout_seconds=1, ai_small_model=None)
    [month] = await rows(pool, tenant, "ai_budget_months")
    assert month["spent_usd"] > Decimal("0.032"), "4,000 tokens of output, and the input"
    assert month["month"] == datetime.now(UTC).date().replace(day=1)
    await execute(pool, tenant, "update ai_budget_months set spent_usd = 0")
