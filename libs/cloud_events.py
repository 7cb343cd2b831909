"""CloudEvents 1.0 on Kafka in binary mode: the context in headers, the event itself as JSON in the value.

Rules: CloudEvents Kafka Protocol Binding 1.0.2, section 3.2.
"""

from collections.abc import Iterable
from uuid import UUID

from pydantic import ValidationError

from libs.refused import Refused
from schemas.catalog import EVENTS
from schemas.event import Envelope, Event

CONTENT_TYPE = "application/json; charset=utf-8"
LARGEST_EVENT_BYTES = 900_000


class NotAnEvent(Refused):
    """The record is not a CloudEvent of its topic's type."""


def decode(topic: str, headers: Iterable[tuple[str, bytes]], value: bytes | None) -> Event:
    """Return the event in a record of `topic`. Raises NotAnEvent with what is wrong, never with the values themselves."""
    context = _context(headers)
    envelope = _envelope(context)
    if context["ce_type"] != topic:
        raise NotAnEvent(f"header ce_type is not {topic}, the topic that it was sent to")
    if value is None or len(value) > LARGEST_EVENT_BYTES:
        raise NotAnEvent(f"the value must be JSON of at most {LARGEST_EVENT_BYTES} bytes")
    try:
        event = EVENTS[topic].model_validate_json(value)
    except ValidationError as error:
        raise NotAnEvent(_without_values(error)) from None
    if str(event.distributor_id) != context["ce_distributorid"]:
        raise NotAnEvent("header ce_distributorid and the field distributor_id differ")
    return event.arrived_in(envelope)


def encode(event: Event, envelope: Envelope) -> tuple[list[tuple[str, bytes]], bytes]:
    """Return the headers and the value of the record that carries `event`."""
    context = {
        "content-type": CONTENT_TYPE,
        "ce_specversion": "1.0",
        "ce_id": str(envelope.id),
        "ce_source": envelope.source,
        "ce_type": event.topic,
        "ce_time": event.occurred_at.isoformat(),
        "ce_subject": event.subject,
        "ce_distributorid": str(event.distributor_id),
        "ce_correlationid": str(envelope.correlation_id),
        "ce_causationid": str(envelope.causation_id) if envelope.causation_id else None,
        "ce_sequence": str(envelope.sequence) if envelope.sequence else None,
        "ce_traceparent": envelope.traceparent,
    }
    return [(name, text.encode()) for name, text in context.items() if text is not None], event.model_dump_json().encode()


def _context(headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    try:
        context = {name.lower(): value.decode() for name, value in headers}
    except UnicodeDecodeError:
        raise NotAnEvent("a header is not UTF-8") from None
    missing = [name for name in ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_distributorid") if not context.get(name)]
    if missing:
        raise NotAnEvent(f"missing headers: {', '.join(missing)}")
    return context


def _envelope(context: dict[str, str]) -> Envelope:
    try:
        event_id = UUID(context["ce_id"])
        return Envelope(
            id=event_id,
            source=context["ce_source"],
            correlation_id=UUID(context["ce_correlationid"]) if "ce_correlationid" in context else event_id,
            causation_id=UUID(context["ce_causationid"]) if "ce_causationid" in context else None,
            sequence=int(context["ce_sequence"]) if "ce_sequence" in context else None,
            traceparent=context.get("ce_traceparent"),
        )
    except ValueError:
        raise NotAnEvent("ce_id, ce_correlationid and ce_causationid must be UUIDs, ce_sequence an integer") from None


def _without_values(error: ValidationError) -> str:
    problems = (f"{'.'.join(map(str, each['loc'])) or 'value'}: {each['msg']}" for each in error.errors(include_input=False, include_url=False)[:5])
    return "; ".join(problems)
