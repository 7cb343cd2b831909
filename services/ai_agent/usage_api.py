"""Routes on what was used and what it cost: hours, days, months, the budget, the prices; and what support may do by itself."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel

from libs import postgres
from libs.refused import NotFound, Refused
from services.ai_agent import budget_store, known_store, prompts_store, usage_store
from services.ai_agent.budget_store import Budget
from services.ai_agent.paging import Admin, Operator, This
from services.ai_agent.prompts_store import ModelPrice
from services.ai_agent.usage_store import Period

router = APIRouter(prefix="/v1/ai", tags=["ai"])

MOST_PERIODS = 5_000
LONGEST = {"hour": timedelta(days=31), "day": timedelta(days=366), "month": timedelta(days=3_660)}


class Usage(BaseModel):
    """What was used, newest first."""

    items: list[Period]


class Prices(BaseModel):
    """What models cost."""

    items: list[ModelPrice]


class Support(BaseModel):
    """What support may do by itself."""

    answers_questions: bool
    """Replies that rest on known facts, and that it is sure enough of, are sent without a person looking at them."""


@router.get("/usage")
async def get_usage(
    caller: Operator,
    this: This,
    by: Literal["hour", "day", "month"] = "day",
    since: Annotated[AwareDatetime | None, Query(description="By default a week, a month or a year ago")] = None,
    until: Annotated[AwareDatetime | None, Query(description="By default now")] = None,
) -> Usage:
    """What models were used, by hours, days or months of UTC, each agent and model apart."""
    end = until or datetime.now(UTC)
    start = since or end - {"hour": timedelta(days=7), "day": timedelta(days=31), "month": timedelta(days=366)}[by]
    if not start <= end <= start + LONGEST[by]:
        raise Refused(f"since must lie before until, and at most {LONGEST[by].days} days before it; ask for less, or by longer periods")
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        return Usage(items=await usage_store.select_usage(tx, caller.distributor_id, by, start, end, MOST_PERIODS))


@router.get("/budget")
async def get_budget(caller: Operator, this: This) -> Budget:
    """What is left of this month's budget."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        budget = await budget_store.select_budget(tx, caller.distributor_id, datetime.now(UTC).date().replace(day=1))
    if budget is None:
        raise NotFound("this distributor is not known here yet")
    return budget


@router.get("/prices")
async def list_prices(caller: Operator, this: This) -> Prices:
    """What models cost, and from when on."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        return Prices(items=await prompts_store.select_prices(tx, caller.distributor_id))


@router.get("/support")
async def get_support(caller: Operator, this: This) -> Support:
    """What support may do by itself."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        terms = await known_store.select_terms(tx, [caller.distributor_id])
    if caller.distributor_id not in terms:
        raise NotFound("this distributor is not known here yet")
    return Support(answers_questions=terms[caller.distributor_id].answers_questions)


@router.put("/support")
async def put_support(caller: Admin, this: This, wanted: Support) -> Support:
    """Say what support may do by itself."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        if not await known_store.update_answers_questions(tx, caller.distributor_id, answers_questions=wanted.answers_questions):
            raise NotFound("this distributor is not known here yet")
    return wanted
