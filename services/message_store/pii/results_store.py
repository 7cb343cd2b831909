"""What was found. One statement a function."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from libs import postgres
from libs.postgres import Connection, Transaction
from schemas.pii_detected import PiiAction, PiiType
from services.message_store.pii.domain import Field, Place

SHOWN = """
    id, message_id, field_name, source_id, pii_type, start_offset, end_offset, confidence_score, recognizer, detection_rule_id, action_taken,
    detected_value is not null as has_value, superseded_at, reviewed, is_false_positive, reviewed_by, reviewed_at, created_at
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A finding as staff see it, without the value; `has_value`: whether it was kept, sealed."""

    id: UUID
    message_id: UUID
    field_name: Field
    source_id: UUID | None
    pii_type: PiiType
    start_offset: int
    end_offset: int
    confidence_score: float
    recognizer: str
    detection_rule_id: UUID | None
    action_taken: PiiAction
    has_value: bool
    superseded_at: datetime | None
    reviewed: bool
    is_false_positive: bool
    reviewed_by: UUID | None
    reviewed_at: datetime | None
    created_at: datetime


async def select_hashes(tx: Transaction, messages: Collection[tuple[UUID, UUID]]) -> dict[Place, bytes]:
    """Return the hashes of those texts of messages in which something was found."""
    rows = await tx.fetch(
        """
        select distinct r.distributor_id, r.message_id, r.field_name, r.source_id, r.text_hash
          from pii_detection_results r
          join unnest($1::uuid[], $2::uuid[]) as e (distributor_id, message_id)
            on (r.distributor_id, r.message_id) = (e.distributor_id, e.message_id)
         where r.superseded_at is null
        """,
        [distributor_id for distributor_id, _ in messages],
        [message_id for _, message_id in messages],
    )
    return {(row["distributor_id"], row["message_id"], Field(row["field_name"]), row["source_id"]): row["text_hash"] for row in rows}


async def supersede(tx: Transaction, places: Sequence[Place]) -> None:
    """Say of what was found in these texts that they say something else now."""
    await tx.execute(
        """
        update pii_detection_results r set superseded_at = now()
          from unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[]) as e (distributor_id, message_id, field_name, source_id)
         where (r.distributor_id, r.message_id, r.field_name) = (e.distributor_id, e.message_id, e.field_name)
           and r.source_id is not distinct from e.source_id and r.superseded_at is null
        """,
        [place[0] for place in places],
        [place[1] for place in places],
        [place[2] for place in places],
        [place[3] for place in places],
    )


async def insert_results(tx: Transaction, results: Sequence[Mapping[str, Any]]) -> set[UUID]:
    """Write findings of any of the transaction's tenants down; `detected_value` in Base64. Returns the ids of those that are new."""
    rows = await tx.fetch(
        """
        insert into pii_detection_results
               (distributor_id, id, message_id, field_name, source_id, pii_type, start_offset, end_offset, detected_value, confidence_score,
                recognizer, detection_rule_id, action_taken, text_hash)
        select distributor_id, id, message_id, field_name, source_id, pii_type, start_offset, end_offset, decode(detected_value, 'base64'),
               confidence_score, recognizer, detection_rule_id, action_taken, decode(text_hash, 'base64')
          from json_to_recordset($1::json) as e (
            distributor_id uuid, id uuid, message_id uuid, field_name text, source_id uuid, pii_type text, start_offset int, end_offset int,
            detected_value text, confidence_score numeric, recognizer text, detection_rule_id uuid, action_taken text, text_hash text)
            on conflict do nothing
        returning id
        """,
        postgres.to_json_text(results),
    )
    return {row["id"] for row in rows}


async def select_results(
    connection: Connection,
    distributor_id: UUID,
    *,
    pii_type: PiiType | None,
    reviewed: bool | None,
    message_id: UUID | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Result]:
    """Return findings, the newest first, from the one behind `before` on; a filter that is None lets all through."""
    rows = await connection.fetch(
        f"""
        select {SHOWN} from pii_detection_results
         where distributor_id = $1
           and ($2::text is null or pii_type = $2)
           and ($3::boolean is null or reviewed = $3)
           and ($4::uuid is null or message_id = $4)
           and ($5::timestamptz is null or (created_at, id) < ($5, $6::uuid))
         order by created_at desc, id desc
         limit $7
        """,  # noqa: S608 - our own column names
        distributor_id,
        pii_type,
        reviewed,
        message_id,
        *(before or (None, None)),
        limit,
    )
    return [_result(row) for row in rows]


async def lock_result(tx: Transaction, distributor_id: UUID, result_id: UUID) -> Result | None:
    """Return a finding that stays as it is until the transaction ends."""
    row = await tx.fetchrow(
        f"select {SHOWN} from pii_detection_results where distributor_id = $1 and id = $2 for update",  # noqa: S608 - our own column names
        distributor_id,
        result_id,
    )
    return _result(row) if row else None


async def select_value(connection: Connection, distributor_id: UUID, result_id: UUID) -> bytes | None:
    """Return the sealed value of a finding; None where it was not kept, or where there is none."""
    return await connection.fetchval(
        "select detected_value from pii_detection_results where distributor_id = $1 and id = $2", distributor_id, result_id
    )


async def update_reviewed(tx: Transaction, distributor_id: UUID, result_id: UUID, user_id: UUID, *, false_positive: bool) -> Result | None:
    """Write down what somebody says of a finding."""
    row = await tx.fetchrow(
        f"""
        update pii_detection_results set reviewed = true, is_false_positive = $4, reviewed_by = $3, reviewed_at = now()
         where distributor_id = $1 and id = $2
        returning {SHOWN}
        """,  # noqa: S608 - our own column names
        distributor_id,
        result_id,
        user_id,
        false_positive,
    )
    return _result(row) if row else None


async def update_restored(tx: Transaction, distributor_id: UUID, result: Result, longer: int, text_hash: bytes) -> None:
    """Follow a text that got back what was masked, and is `longer` for it: what stands behind it moves."""
    await tx.execute(
        """
        update pii_detection_results
           set start_offset = start_offset + case when start_offset > $5 then $6 else 0 end,
               end_offset = end_offset + case when start_offset >= $5 then $6 else 0 end, text_hash = $7
         where distributor_id = $1 and message_id = $2 and field_name = $3 and source_id is not distinct from $4 and superseded_at is null
        """,
        distributor_id,
        result.message_id,
        result.field_name,
        result.source_id,
        result.start_offset,
        longer,
        text_hash,
    )


def _result(row: Any) -> Result:  # noqa: ANN401 - an asyncpg record
    values = dict(row)
    values |= {
        "field_name": Field(row["field_name"]),
        "pii_type": PiiType(row["pii_type"]),
        "action_taken": PiiAction(row["action_taken"]),
        "confidence_score": float(row["confidence_score"]),
    }
    return Result(**values)
