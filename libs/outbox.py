"""Saying something: events are written in the transaction that makes them true, and published afterwards."""

from typing import Any

from pydantic_core import to_json

from libs import telemetry
from libs.cloud_events import LARGEST_EVENT_BYTES
from libs.postgres import Transaction
from libs.refused import Refused
from schemas.event import Event


class TooLargeToTell(Refused):
    """An event has grown past what a topic carries. Published it would never be: it would hold up every event behind it."""


async def enqueue(tx: Transaction, *events: Event) -> None:
    """Publish `events`, in this order, if and when the transaction commits.

    Within a topic and key they are numbered 1, 2, 3 … without a gap, whoever writes at the same time. Raises TooLargeToTell.
    """
    if not events:
        return
    traceparent = telemetry.traceparent()
    rows = to_json(
        [
            {
                "distributor_id": event.distributor_id,
                "topic": event.topic,
                "key": event.key,
                "subject": event.subject,
                "payload": event,
                "headers": _headers(event, traceparent),
            }
            for event in events
        ]
    )
    if len(rows) > LARGEST_EVENT_BYTES:
        _refuse_too_large(events)
    await tx.execute("call enqueue($1)", rows.decode())


def _headers(event: Event, traceparent: str | None) -> dict[str, Any]:
    headers: dict[str, Any] = {"ce_time": event.occurred_at}
    if event.cause:
        headers["ce_correlationid"] = event.cause.correlation_id
        headers["ce_causationid"] = event.cause.id
    if traceparent:
        headers["ce_traceparent"] = traceparent
    return headers


def _refuse_too_large(events: tuple[Event, ...]) -> None:
    for event in events:
        if len(event.model_dump_json().encode()) > LARGEST_EVENT_BYTES:
            raise TooLargeToTell(f"the event {event.topic} would be larger than {LARGEST_EVENT_BYTES} bytes")
