"""Saying something: events are written in the transaction that makes them true, and published afterwards."""

import json
from collections import Counter
from typing import TypeAlias
from uuid import UUID

from libs import telemetry
from libs.postgres import Transaction
from schemas.event import Event

LARGEST_PAYLOAD_BYTES = 600_000
"""Consumers take 900,000 bytes; jsonb writes the same JSON with a space after each comma and colon."""

Stream: TypeAlias = tuple[UUID, str, str]
"""Tenant, topic and key: what is numbered together."""


async def enqueue(tx: Transaction, *events: Event) -> None:
    """Publish `events`, in this order, if and when the transaction commits.

    Within a topic and key they are numbered 1, 2, 3 … without a gap, whoever writes at the same time.
    """
    if not events:
        return
    streams: list[Stream] = [(event.distributor_id, event.topic, event.key) for event in events]
    last = await count_up(tx, Counter(streams))
    traceparent = telemetry.traceparent()
    sequences: list[int] = []
    for stream in streams:
        last[stream] += 1
        sequences.append(last[stream])
    await tx.execute(
        """
        insert into outbox (distributor_id, aggregate_type, aggregate_id, type, key, sequence, payload, headers)
        select distributor_id, split_part(type, '.', 1), aggregate_id, type, key, sequence, payload, headers
          from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[]::jsonb[], $7::text[]::jsonb[])
            as e (distributor_id, aggregate_id, type, key, sequence, payload, headers)
        """,
        [distributor_id for distributor_id, _, _ in streams],
        [event.subject for event in events],
        [topic for _, topic, _ in streams],
        [key for _, _, key in streams],
        sequences,
        [event.model_dump_json() for event in events],
        [_headers(event, traceparent) for event in events],
    )


async def count_up(tx: Transaction, counts: Counter[Stream]) -> dict[Stream, int]:
    """Reserve as many numbers of each stream as `counts` says. Returns the last number before them; the streams stay locked until the commit."""
    streams = sorted(counts)
    rows = await tx.fetch(
        """
        insert into outbox_sequences as s (distributor_id, topic, key, last_sequence)
        select * from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[])
            on conflict (distributor_id, topic, key) do update set last_sequence = s.last_sequence + excluded.last_sequence
        returning last_sequence
        """,
        [distributor_id for distributor_id, _, _ in streams],
        [topic for _, topic, _ in streams],
        [key for _, _, key in streams],
        [counts[stream] for stream in streams],
    )
    return {stream: row["last_sequence"] - counts[stream] for stream, row in zip(streams, rows, strict=True)}


def _headers(event: Event, traceparent: str | None) -> str:
    headers = {"ce_time": event.occurred_at.isoformat()}
    if event.cause:
        headers |= {"ce_correlationid": str(event.cause.correlation_id), "ce_causationid": str(event.cause.id)}
    if traceparent:
        headers["ce_traceparent"] = traceparent
    return json.dumps(headers)
