"""Saying something: events are written in the transaction that makes them true, and published afterwards."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from libs import telemetry
from libs.postgres import Transaction
from schemas.event import Event

ENQUEUE = """
    with counted as (
        insert into outbox_sequences as s (distributor_id, topic, key, last_sequence)
        select * from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[]) as g (distributor_id, topic, key, events)
         order by 1, 2, 3
            on conflict (distributor_id, topic, key) do update set last_sequence = s.last_sequence + excluded.last_sequence
        returning distributor_id, topic, key, last_sequence
    )
    insert into outbox (distributor_id, aggregate_type, aggregate_id, type, key, sequence, payload, headers)
    select e.distributor_id, split_part(e.type, '.', 1), e.aggregate_id, e.type, e.key, c.last_sequence - e.still_to_come, e.payload, e.headers
      from unnest($5::uuid[], $6::text[], $7::text[], $8::text[], $9::bigint[], $10::text[]::jsonb[], $11::text[]::jsonb[]) with ordinality
        as e (distributor_id, aggregate_id, type, key, still_to_come, payload, headers, place)
      join counted c on (c.distributor_id, c.topic, c.key) = (e.distributor_id, e.type, e.key)
     order by e.place
"""


@dataclass(frozen=True, slots=True)
class _Row:
    event: Event
    still_to_come: int
    """How many events of the same topic and key follow in this call."""


async def enqueue(tx: Transaction, *events: Event) -> None:
    """Publish `events`, in this order, if and when the transaction commits.

    Within a topic and key they are numbered 1, 2, 3 … without a gap, whoever writes at the same time.
    """
    if not events:
        return
    rows = _number(events)
    groups = Counter(_group(event) for event in events)
    await tx.execute(
        ENQUEUE,
        [distributor_id for distributor_id, _, _ in groups],
        [topic for _, topic, _ in groups],
        [key for _, _, key in groups],
        list(groups.values()),
        [row.event.distributor_id for row in rows],
        [row.event.subject for row in rows],
        [row.event.topic for row in rows],
        [row.event.key for row in rows],
        [row.still_to_come for row in rows],
        [row.event.model_dump_json() for row in rows],
        [_headers(row.event) for row in rows],
    )


def _number(events: Sequence[Event]) -> list[_Row]:
    remaining = Counter(_group(event) for event in events)
    rows: list[_Row] = []
    for event in events:
        remaining[_group(event)] -= 1
        rows.append(_Row(event, remaining[_group(event)]))
    return rows


def _group(event: Event) -> tuple[UUID, str, str]:
    return event.distributor_id, event.topic, event.key


def _headers(event: Event) -> str:
    headers = {"ce_time": event.occurred_at.isoformat()}
    if event.cause:
        headers |= {"ce_correlationid": str(event.cause.correlation_id), "ce_causationid": str(event.cause.id)}
    if traceparent := telemetry.traceparent():
        headers["ce_traceparent"] = traceparent
    return json.dumps(headers)
