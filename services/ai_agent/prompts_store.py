"""The statements on versions of prompts, and on prices, as people look at them and change them."""

from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from libs.postgres import Transaction

NIL = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptVersion:
    """What an agent is told to do. `distributor_id` is the nil UUID where it holds for all."""

    distributor_id: UUID
    id: UUID
    agent_type: str
    version: str
    text: str
    schema: dict[str, Any]
    status: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPrice:
    """US dollars for a million tokens of a model, or a minute of speech, from a day on."""

    model: str
    valid_from: date
    input: Decimal
    cached_input: Decimal
    output: Decimal
    minute: Decimal | None
    is_own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two versions on the messages that both have read."""

    messages: int
    same_intent: int
    same_lines: int
    confidence: Decimal | None
    other_confidence: Decimal | None
    cost_usd: Decimal
    other_cost_usd: Decimal
    milliseconds: int | None
    other_milliseconds: int | None


_COLUMNS = ", ".join(field.name for field in fields(PromptVersion))


async def select_versions(tx: Transaction, distributor_id: UUID, agent_type: str | None = None) -> list[PromptVersion]:
    """Return the tenant's versions and those for all, newest first."""
    rows = await tx.fetch(
        f"""
        select {_COLUMNS} from prompt_versions
         where distributor_id in ($1, $2) and ($3::text is null or agent_type = $3)
         order by agent_type, id desc
        """,  # noqa: S608 - our own column names
        distributor_id,
        NIL,
        agent_type,
    )
    return [PromptVersion(**row) for row in rows]


async def insert_version(
    tx: Transaction, distributor_id: UUID, agent_type: str, version: str, text: str, schema: dict[str, Any]
) -> PromptVersion | None:
    """Keep a version as DRAFT; None where the name is taken."""
    row = await tx.fetchrow(
        f"""
        insert into prompt_versions (distributor_id, agent_type, version, text, schema) values ($1, $2, $3, $4, $5)
            on conflict do nothing returning {_COLUMNS}
        """,  # noqa: S608 - our own column names
        distributor_id,
        agent_type,
        version,
        text,
        schema,
    )
    return PromptVersion(**row) if row else None


async def update_retired(tx: Transaction, distributor_id: UUID, agent_type: str, status: str) -> None:
    """Retire the version that has this status, if there is one: only one can have it."""
    await tx.execute(
        "update prompt_versions set status = 'RETIRED' where distributor_id = $1 and agent_type = $2 and status = $3",
        distributor_id,
        agent_type,
        status,
    )


async def update_status(tx: Transaction, distributor_id: UUID, agent_type: str, version: str, status: str) -> PromptVersion | None:
    """Give a version another status."""
    row = await tx.fetchrow(
        f"""
        update prompt_versions set status = $4 where distributor_id = $1 and agent_type = $2 and version = $3 returning {_COLUMNS}
        """,  # noqa: S608 - our own column names
        distributor_id,
        agent_type,
        version,
        status,
    )
    return PromptVersion(**row) if row else None


async def select_comparison(tx: Transaction, distributor_id: UUID, agent_type: str, version: str, other: str) -> Compared:
    """Return how two versions read the same messages."""
    row = await tx.fetchrow(
        """
        select count(*)::int as messages,
               count(*) filter (where a.extracted_data -> 'intent' = b.extracted_data -> 'intent')::int as same_intent,
               count(*) filter (where a.lines = b.lines)::int as same_lines,
               round(avg(a.confidence), 3) as confidence, round(avg(b.confidence), 3) as other_confidence,
               coalesce(sum(a.cost_usd), 0) as cost_usd, coalesce(sum(b.cost_usd), 0) as other_cost_usd,
               avg(a.processing_time)::int as milliseconds, avg(b.processing_time)::int as other_milliseconds
          from read_lines a
          join read_lines b on b.distributor_id = a.distributor_id and b.message_id = a.message_id and b.agent_type = a.agent_type
                           and b.attachment_id is not distinct from a.attachment_id
         where a.distributor_id = $1 and a.agent_type = $2 and a.prompt_version = $3 and b.prompt_version = $4
        """,
        distributor_id,
        agent_type,
        version,
        other,
    )
    assert row is not None
    return Compared(**row)


async def select_prices(tx: Transaction, distributor_id: UUID) -> list[ModelPrice]:
    """Return every price, of the tenant's own and for all, the newest of each model first."""
    rows = await tx.fetch(
        """
        select model, valid_from, input, cached_input, output, minute, distributor_id = $1 as is_own from ai_model_prices
         where distributor_id in ($1, $2) order by model, valid_from desc, is_own desc
        """,
        distributor_id,
        NIL,
    )
    return [ModelPrice(**row) for row in rows]


async def upsert_price(
    tx: Transaction,
    distributor_id: UUID,
    model: str,
    valid_from: date,
    of_input: Decimal,
    of_cached: Decimal,
    of_output: Decimal,
    of_minute: Decimal | None,
) -> None:
    """Keep a price from a day on, in place of one that was to hold from the same day."""
    await tx.execute(
        """
        insert into ai_model_prices (distributor_id, model, valid_from, input, cached_input, output, minute) values ($1, $2, $3, $4, $5, $6, $7)
            on conflict (distributor_id, model, valid_from) do update
           set input = excluded.input, cached_input = excluded.cached_input, output = excluded.output, minute = excluded.minute
        """,
        distributor_id,
        model,
        valid_from,
        of_input,
        of_cached,
        of_output,
        of_minute,
    )
