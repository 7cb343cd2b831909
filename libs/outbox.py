"""Saying something: events are written in the transaction that makes them true, and published afterwards."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeAlias
from uuid import UUID

from pydantic_core import to_json

from libs import telemetry
from libs.postgres import Transaction
from libs.refused import Refused
from schemas.event import Event

LARGEST_PAYLOAD_BYTES = 600_000
"""Consumers take 900,000 bytes; jsonb writes the same JSON with a space after each comma and colon."""


Stream: TypeAlias = tuple[UUID, str, str]
"""Tenant, topic and key: what is numbered together."""


class TooLargeToTell(Refused):
    """An event has grown past what a topic carries. Published it would never be: it would hold up every event behind it."""


async def enqueue(tx: Transaction, *events: Event) -> None:
    """Publish `events`, in this order, if and when the transaction commits.

    Within a topic and key they are numbered 1, 2, 3 … without a gap, whoever writes at the same time. Raises TooLargeToTell.
    """
    if not events:
        return
    streams: list[Stream] = [(event.distributor_id, event.topic, event.key) for event in events]
    counts = dict(sorted(Counter(streams).items()))
    places = {stream: place for place, stream in enumerate(counts, 1)}
    traceparent = telemetry.traceparent()
    await tx.execute(
        "call enqueue($1, $2, $3, $4, $5, $6, $7, $8::text[]::jsonb[], $9::text[]::jsonb[])",
        [distributor_id for distributor_id, _, _ in counts],
        [topic for _, topic, _ in counts],
        [key for _, _, key in counts],
        list(counts.values()),
        [places[stream] for stream in streams],
        _still_to_come(streams, counts),
        [event.subject for event in events],
        [_payload(event) for event in events],
        [_headers(event, traceparent) for event in events],
    )


def _still_to_come(streams: Iterable[Stream], counts: Mapping[Stream, int]) -> list[int]:
    """For each event, how many of its stream follow in the same call."""
    remaining = dict(counts)
    following: list[int] = []
    for stream in streams:
        remaining[stream] -= 1
        following.append(remaining[stream])
    return following


def _payload(event: Event) -> str:
    payload = event.model_dump_json()
    if len(payload.encode()) > LARGEST_PAYLOAD_BYTES:
        raise TooLargeToTell(f"the event {event.topic} would be larger than {LARGEST_PAYLOAD_BYTES} bytes")
    return payload


def _headers(event: Event, traceparent: str | None) -> str:
    headers = {"ce_time": event.occurred_at.isoformat()}
    if event.cause:
        headers |= {"ce_correlationid": str(event.cause.correlation_id), "ce_causationid": str(event.cause.id)}
    if traceparent:
        headers["ce_traceparent"] = traceparent
    return to_json(headers).decode()
