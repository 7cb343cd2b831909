"""Our envelope is CloudEvents 1.0 on Kafka, as the package `cloudevents` understands it; tests/libs/test_relay.py asks the same of the relay."""

import json
from pathlib import Path

import pytest

from libs import cloud_events
from tests.contracts import golden, oracle


@pytest.mark.parametrize("path", golden.EXAMPLES, ids=golden.name)
def test_what_we_encode_is_the_same_cloud_event_to_others(path: Path) -> None:
    event = golden.event(path)
    headers, value = cloud_events.encode(event, event.envelope)
    attributes, data = oracle.read(headers, event.key.encode(), value)
    assert attributes == oracle.attributes_of([(name, text.decode()) for name, text in headers], event.key)
    assert attributes["type"] == event.topic
    assert attributes["time"] == event.occurred_at
    assert data == event.model_dump(mode="json")


@pytest.mark.parametrize("path", golden.EXAMPLES, ids=golden.name)
def test_what_others_encode_is_the_same_event_to_us(path: Path) -> None:
    example, ours = golden.load(path), golden.event(path)
    attributes = oracle.attributes_of(example["headers"].items(), example["key"])
    headers, value = oracle.write(attributes, example["value"])
    theirs = cloud_events.decode(path.parent.name, headers, value)
    assert theirs == ours
    assert theirs.envelope == ours.envelope
    assert theirs.model_dump(mode="json") == ours.model_dump(mode="json")


def test_a_cloud_event_with_only_what_the_specification_requires_and_its_tenant_is_read() -> None:
    example = golden.load(golden.EXAMPLES[0])
    required = {name: example["headers"][f"ce_{name}"] for name in ("id", "source", "type", "specversion", "distributorid")}
    headers, value = oracle.write(required, json.loads(json.dumps(example["value"])))
    event = cloud_events.decode(golden.EXAMPLES[0].parent.name, headers, value)
    assert str(event.envelope.correlation_id) == required["id"]
    assert (event.envelope.causation_id, event.envelope.sequence, event.envelope.traceparent) == (None, None, None)
