"""The AsyncAPI 3.0 document of each service, made by FastStream's own generator from what schemas/topics/ agrees on."""

import json
from collections.abc import Mapping
from typing import Any

import yaml
from faststream.kafka import KafkaBroker
from faststream.specification import AsyncAPI

from schemas.catalog import EVENTS
from schemas.event import Event
from schemas.topics import Topic

VERSION = "1.0.0"
HEADERS = "CloudEventsHeaders"
CLOUD_EVENTS = {
    "type": "object",
    "description": "CloudEvents 1.0 in Kafka's binary content mode; every value is UTF-8 text. The record's key is the topic's partition key.",
    "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_distributorid"],
    "properties": {
        "content-type": {"type": "string", "description": "application/json; charset=utf-8"},
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": {"type": "string", "format": "uuid", "description": "Names the event for ever: an event that comes again has the same id"},
        "ce_source": {"type": "string", "description": "The service, or gateway, that tells it"},
        "ce_type": {"type": "string", "description": "The topic"},
        "ce_time": {"type": "string", "format": "date-time", "description": "When it happened"},
        "ce_subject": {"type": "string", "description": "The id of the entity that it is about"},
        "ce_distributorid": {"type": "string", "format": "uuid", "description": "The tenant; the same as in the value"},
        "ce_correlationid": {"type": "string", "format": "uuid", "description": "The event that began the whole story; without it, this one"},
        "ce_causationid": {"type": "string", "format": "uuid", "description": "The event that led to this one at once"},
        "ce_sequence": {"type": "string", "pattern": "^[1-9][0-9]*$", "description": "1, 2, 3 … within the tenant, topic and key, without a gap"},
        "ce_traceparent": {"type": "string", "description": "W3C trace context"},
    },
}


def document(service: str, agreed: Mapping[str, Topic]) -> str:
    """Return the AsyncAPI document, as YAML with sorted keys, of what `service` receives and sends."""
    broker = KafkaBroker("kafka:9092")
    for topic in agreed.values():
        event_type = EVENTS[topic.name]
        about = f"{topic.purpose} Key: {topic.key}. Owner: {topic.owner}. {topic.visibility.capitalize()}."
        if service in topic.consumers:
            broker.subscriber(topic.name, group_id=service, title=f"receive.{topic.name}", description=about)(_taking(event_type))
        if service in topic.producers:
            broker.publisher(topic.name, schema=event_type, title=f"send.{topic.name}", description=about)
    generator = AsyncAPI(broker, title=f"Comanda {service}", version=VERSION, description=f"What {service} receives and sends.")
    generated = generator.to_specification().to_jsonable()
    return yaml.safe_dump(_with_cloud_events(generated), sort_keys=True, allow_unicode=True, width=140)


def _taking(event_type: type[Event]) -> Any:  # noqa: ANN401 - FastStream reads the payload's type from the annotations of a function
    async def handle(event: Event) -> None: ...

    handle.__annotations__["event"] = event_type
    return handle


def _with_cloud_events(generated: dict[str, Any]) -> dict[str, Any]:
    """Name the headers, and spell the generator's message names so that AsyncAPI allows them as keys."""
    spelt = json.dumps(generated).replace(":SubscribeMessage", ".message").replace(":Message", ".message")
    described: dict[str, Any] = json.loads(spelt)
    for message in described["components"]["messages"].values():
        message["headers"] = {"$ref": f"#/components/schemas/{HEADERS}"}
        message["correlationId"] = {"location": "$message.header#/ce_correlationid"}
    described["components"]["schemas"][HEADERS] = CLOUD_EVENTS
    return described
