"""The statements that read what decides on calls, for many tenants at once."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from libs.llm.prices import Price
from libs.postgres import Transaction
from schemas.ai_call_recorded import AgentType
from schemas.distributor_changed import DistributorChanged
from services.ai_agent.calibration import Calibration
from services.ai_agent.terms import Example, Prompt, Terms

NIL = UUID(int=0)
EXAMPLES_TO_CHOOSE_FROM = 40


async def upsert_distributor(tx: Transaction, event: DistributorChanged) -> None:
    """Keep the newest word on what a tenant allows and promises."""
    await tx.execute(
        """
        insert into distributors as d
               (distributor_id, status, timezone, ai_enabled, ai_model_preference, ai_confidence_threshold, monthly_ai_budget_usd,
                max_monthly_ai_requests, order_cutoff_time, delivery_weekdays, minimum_order_amount, currency, as_of)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
            on conflict (distributor_id) do update
           set status = excluded.status, timezone = excluded.timezone, ai_enabled = excluded.ai_enabled,
               ai_model_preference = excluded.ai_model_preference, ai_confidence_threshold = excluded.ai_confidence_threshold,
               monthly_ai_budget_usd = excluded.monthly_ai_budget_usd, max_monthly_ai_requests = excluded.max_monthly_ai_requests,
               order_cutoff_time = excluded.order_cutoff_time, delivery_weekdays = excluded.delivery_weekdays,
               minimum_order_amount = excluded.minimum_order_amount, currency = excluded.currency, as_of = excluded.as_of
         where d.as_of <= excluded.as_of
        """,
        event.distributor_id,
        event.status,
        event.timezone,
        event.ai_enabled,
        event.ai_model_preference,
        event.ai_confidence_threshold,
        event.monthly_ai_budget_usd,
        event.max_monthly_ai_requests,
        event.order_cutoff_time,
        event.delivery_weekdays,
        event.minimum_order_amount,
        event.currency,
        event.occurred_at,
    )


async def select_terms(tx: Transaction, distributor_ids: Sequence[UUID]) -> dict[UUID, Terms]:
    """Return what each tenant allows and promises, of those that we know."""
    rows = await tx.fetch("select * from distributors where distributor_id = any($1::uuid[])", distributor_ids)
    return {
        row["distributor_id"]: Terms(
            timezone=row["timezone"],
            ai_enabled=row["ai_enabled"] and row["status"] == "ACTIVE",
            model_preference=row["ai_model_preference"],
            confidence_threshold=row["ai_confidence_threshold"],
            has_budget=row["monthly_ai_budget_usd"] is not None,
            order_cutoff_time=row["order_cutoff_time"],
            delivery_weekdays=tuple(row["delivery_weekdays"]),
            minimum_order_amount=row["minimum_order_amount"],
            currency=row["currency"],
            answers_questions=row["answers_questions"],
        )
        for row in rows
    }


async def select_prices(tx: Transaction, distributor_ids: Sequence[UUID], on: date) -> dict[UUID, dict[str, Price]]:
    """Return the prices that hold on a day, for the tenant alone or for all."""
    rows = await tx.fetch(
        """
        select distinct on (t.distributor_id, p.model) t.distributor_id, p.model, p.input, p.cached_input, p.output, p.minute
          from unnest($1::uuid[]) as t (distributor_id)
          join ai_model_prices p on p.distributor_id in (t.distributor_id, $2)
         where p.valid_from <= $3
         order by t.distributor_id, p.model, p.distributor_id = $2, p.valid_from desc
        """,
        distributor_ids,
        NIL,
        on,
    )
    prices: dict[UUID, dict[str, Price]] = defaultdict(dict)
    for row in rows:
        prices[row["distributor_id"]][row["model"]] = Price(
            input=row["input"], cached_input=row["cached_input"], output=row["output"], minute=row["minute"] or Decimal(0)
        )
    return prices


async def select_prompts(tx: Transaction, distributor_ids: Sequence[UUID], status: str) -> dict[UUID, dict[AgentType, Prompt]]:
    """Return the versions of this status, the tenant's own before the one for all."""
    rows = await tx.fetch(
        """
        select distinct on (t.distributor_id, p.agent_type) t.distributor_id, p.agent_type, p.version, p.text
          from unnest($1::uuid[]) as t (distributor_id)
          join prompt_versions p on p.distributor_id in (t.distributor_id, $2)
         where p.status = $3
         order by t.distributor_id, p.agent_type, p.distributor_id = $2
        """,
        distributor_ids,
        NIL,
        status,
    )
    prompts: dict[UUID, dict[AgentType, Prompt]] = defaultdict(dict)
    for row in rows:
        prompts[row["distributor_id"]][AgentType(row["agent_type"])] = Prompt(version=row["version"], text=row["text"])
    return prompts


async def select_examples(tx: Transaction, distributor_ids: Sequence[UUID]) -> dict[UUID, tuple[Example, ...]]:
    """Return each tenant's newest good examples."""
    rows = await tx.fetch(
        """
        select t.distributor_id, e.agent_type, e.input_text, e.expected_output
          from unnest($1::uuid[]) as t (distributor_id)
         cross join lateral (
                select d.agent_type, d.input_text, d.expected_output from ai_training_data d
                 where d.distributor_id = t.distributor_id and coalesce(d.quality_score, 5) >= 4 and length(d.input_text) <= 1000
                 order by d.id desc limit $2) e
        """,
        distributor_ids,
        EXAMPLES_TO_CHOOSE_FROM,
    )
    examples: dict[UUID, list[Example]] = defaultdict(list)
    for row in rows:
        example = Example(agent_type=AgentType(row["agent_type"]), text=row["input_text"], meaning=row["expected_output"])
        examples[row["distributor_id"]].append(example)
    return {distributor_id: tuple(found) for distributor_id, found in examples.items()}


async def select_calibrations(tx: Transaction, distributor_ids: Sequence[UUID]) -> dict[UUID, dict[str, Calibration]]:
    """Return what confidences have meant, by tenant and model."""
    rows = await tx.fetch("select distributor_id, model, points from ai_calibrations where distributor_id = any($1::uuid[])", distributor_ids)
    calibrations: dict[UUID, dict[str, Calibration]] = defaultdict(dict)
    for row in rows:
        calibrations[row["distributor_id"]][row["model"]] = Calibration(tuple((stated, right) for stated, right in row["points"]))
    return calibrations


async def update_answers_questions(tx: Transaction, distributor_id: UUID, *, answers_questions: bool) -> bool:
    """Say whether support may send replies by itself. Returns False of a tenant that nobody told us of."""
    return bool(
        await tx.fetchval(
            "update distributors set answers_questions = $2 where distributor_id = $1 returning true", distributor_id, answers_questions
        )
    )
