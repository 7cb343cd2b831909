"""CloudEvents 1.0 on Kafka in binary mode: the context in headers, the event itself as JSON in the value.

Rules: CloudEvents Kafka Protocol Binding 1.0.2, section 3.2.
"""

from collections.abc import Iterable
from uuid import UUID

from pydantic import ValidationError

from libs.refused import Refused
from schemas.catalog import EVENTS
from schemas.event import Envelope, Event

REQUIRED = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_distributorid")
CONTENT_TYPE = "application/json; charset=utf-8"
LARGEST_EVENT_BYTES = 900_000


class NotAnEvent(Refused):
    """The record is not a CloudEvent of its topic's type."""


def decode(topic: str, headers: Iterable[tuple[str, bytes]], value: bytes | None) -> Event:
    """Return the event in a record of `topic`. Raises NotAnEvent with what is wrong, never with the values themselves."""
    context = dict(headers)
    if missing := [name for name in REQUIRED if not context.get(name)]:
        raise NotAnEvent(f"missing headers: {', '.join(missing)}")
    if context["ce_specversion"] != b"1.0":
        raise NotAnEvent("header ce_specversion must be 1.0")
    if context["ce_type"] != topic.encode():
        raise NotAnEvent(f"header ce_type is not {topic}, the topic that it was sent to")
    if value is None or len(value) > LARGEST_EVENT_BYTES:
        raise NotAnEvent(f"the value must be JSON of at most {LARGEST_EVENT_BYTES} bytes")
    try:
        event = EVENTS[topic].model_validate_json(value)
    except ValidationError as error:
        raise NotAnEvent(_without_values(error)) from None
    if str(event.distributor_id).encode() != context["ce_distributorid"]:
        raise NotAnEvent("header ce_distributorid and the field distributor_id differ")
    return event.arrived_in(_envelope(context))


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


def _envelope(context: dict[str, bytes]) -> Envelope:
    try:
        event_id = UUID(context["ce_id"].decode())
        correlation_id, causation_id = context.get("ce_correlationid"), context.get("ce_causationid")
        sequence, traceparent = context.get("ce_sequence"), context.get("ce_traceparent")
        return Envelope(
            id=event_id,
            source=context["ce_source"].decode(),
            correlation_id=UUID(correlation_id.decode()) if correlation_id and correlation_id != context["ce_id"] else event_id,
            causation_id=UUID(causation_id.decode()) if causation_id else None,
            sequence=int(sequence) if sequence else None,
            traceparent=traceparent.decode() if traceparent else None,
        )
    except UnicodeDecodeError:
        raise NotAnEvent("a header is not UTF-8") from None
    except ValueError:
        raise NotAnEvent("ce_id, ce_correlationid and ce_causationid must be UUIDs, ce_sequence an integer") from None


def _without_values(error: ValidationError) -> str:
    problems = (f"{'.'.join(map(str, each['loc'])) or 'value'}: {each['msg']}" for each in error.errors(include_input=False, include_url=False)[:5])
    return "; ".join(problems)
