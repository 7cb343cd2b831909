"""Records as an independent implementation of CloudEvents, the package `cloudevents`, reads and writes them."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from cloudevents.core.bindings.kafka import KafkaMessage, from_binary, to_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent


def read(headers: Iterable[tuple[str, bytes]], key: bytes, value: bytes) -> tuple[dict[str, Any], Any]:
    """Return the attributes and the data of a record. Raises what `cloudevents` raises when it is not a CloudEvent."""
    event = from_binary(KafkaMessage(headers=dict(headers), key=key, value=value), JSONFormat(), CloudEvent)
    return dict(event.get_attributes()), event.get_data()


def write(attributes: dict[str, Any], data: Any) -> tuple[list[tuple[str, bytes]], bytes]:
    """Return the headers and the value of a record that carries `data`."""
    message = to_binary(CloudEvent(attributes=attributes, data=data), JSONFormat())
    return list(message.headers.items()), message.value


def attributes_of(headers: Iterable[tuple[str, str]], key: str) -> dict[str, Any]:
    """Return the attributes that these headers and this key spell, by the rules of the binding's section 3.2.3."""
    attributes: dict[str, Any] = {name.removeprefix("ce_"): text for name, text in headers if name.startswith("ce_")}
    attributes["datacontenttype"] = dict(headers)["content-type"]
    attributes["time"] = datetime.fromisoformat(attributes["time"])
    return attributes | {"partitionkey": key}


def parsed(value: bytes) -> Any:
    """Return the JSON in a record's value."""
    return json.loads(value)
