"""The statements on examples to learn from."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from libs.postgres import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A message, what it means, and what a model made of it."""

    id: UUID
    agent_type: str
    input_text: str
    input_context: dict[str, Any]
    expected_output: dict[str, Any]
    expected_confidence: Decimal | None
    actual_output: dict[str, Any] | None
    actual_confidence: Decimal | None
    data_source: str
    quality_score: int | None
    used_in_training: bool
    training_batch: str | None
    ai_response_id: UUID | None
    message_id: UUID | None
    redacted: bool
    created_at: datetime


COLUMNS = ", ".join(field.name for field in fields(Example))
SETTABLE = ("input_text", "input_context", "expected_output", "expected_confidence", "quality_score", "used_in_training", "training_batch")
"""The columns that people change."""


async def insert_examples(tx: Transaction, distributor_id: UUID, examples: Sequence[dict[str, Any]]) -> list[Example]:
    """Keep examples, given by their columns; what a message taught before stays."""
    rows = await tx.fetch(
        f"""
        insert into ai_training_data
               (distributor_id, agent_type, input_text, input_context, expected_output, expected_confidence, actual_output, actual_confidence,
                data_source, quality_score, ai_response_id, message_id, redacted)
        select $1, coalesce(agent_type, 'MESSAGE_ANALYSIS'), input_text, coalesce(input_context, '{{}}'), expected_output, expected_confidence,
               actual_output, actual_confidence, data_source, quality_score, ai_response_id, message_id, coalesce(redacted, false)
          from jsonb_to_recordset($2)
            as e (agent_type text, input_text text, input_context jsonb, expected_output jsonb, expected_confidence numeric, actual_output jsonb,
                  actual_confidence numeric, data_source text, quality_score int, ai_response_id uuid, message_id uuid, redacted boolean)
            on conflict do nothing
        returning {COLUMNS}
        """,  # noqa: S608 - our own column names
        distributor_id,
        list(examples),
    )
    return [_example(row) for row in rows]


async def select_examples(
    tx: Transaction, distributor_id: UUID, after: UUID, limit: int, source: str | None = None, *, unused_only: bool = False
) -> list[Example]:
    """Return examples, oldest first, from the one behind `after` on."""
    rows = await tx.fetch(
        f"""
        select {COLUMNS} from ai_training_data
         where distributor_id = $1 and id > $2 and ($4::text is null or data_source = $4) and not ($5 and used_in_training)
         order by id limit $3
        """,  # noqa: S608 - our own column names
        distributor_id,
        after,
        limit,
        source,
        unused_only,
    )
    return [_example(row) for row in rows]


async def select_example(tx: Transaction, distributor_id: UUID, example_id: UUID) -> Example | None:
    """Return an example."""
    row = await tx.fetchrow(f"select {COLUMNS} from ai_training_data where distributor_id = $1 and id = $2", distributor_id, example_id)  # noqa: S608 - our own column names
    return _example(row) if row else None


async def update_example(tx: Transaction, distributor_id: UUID, example_id: UUID, changes: dict[str, Any]) -> Example | None:
    """Set the columns named in `changes`, all of SETTABLE."""
    names = [name for name in SETTABLE if name in changes]
    assignments = ", ".join(f"{name} = ${place}" for place, name in enumerate(names, start=3))
    row = await tx.fetchrow(
        f"update ai_training_data set {assignments} where distributor_id = $1 and id = $2 returning {COLUMNS}",  # noqa: S608 - our own column names
        distributor_id,
        example_id,
        *(changes[name] for name in names),
    )
    return _example(row) if row else None


async def delete_example(tx: Transaction, distributor_id: UUID, example_id: UUID) -> bool:
    """Forget an example. Returns False where there is none."""
    return bool(await tx.fetchval("delete from ai_training_data where distributor_id = $1 and id = $2 returning true", distributor_id, example_id))


async def update_used(tx: Transaction, distributor_id: UUID, example_ids: Sequence[UUID], batch: str) -> None:
    """Note that examples went into a batch of training."""
    await tx.execute(
        "update ai_training_data set used_in_training = true, training_batch = $3 where distributor_id = $1 and id = any($2::uuid[])",
        distributor_id,
        example_ids,
        batch,
    )


def _example(row: Any) -> Example:  # noqa: ANN401 - an asyncpg.Record
    return Example(**row)
