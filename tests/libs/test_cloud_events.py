"""A record is an event of its topic, or it is refused: never another error, and never a word of what it said."""

import json
import re
from functools import reduce
from operator import getitem
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs import cloud_events
from libs.cloud_events import LARGEST_EVENT_BYTES
from libs.refused import Refused
from schemas.catalog import EVENTS
from schemas.event import Event
from tests.contracts import golden

SECRET = "swordfish"
EXAMPLES = {path: golden.load(path) for path in golden.EXAMPLES}

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(SECRET),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=8,
)
header_names = st.sampled_from([*next(iter(EXAMPLES.values()))["headers"], "ce_sequence", "ce_causationid"]) | st.text()


def _decoded_or_refused(topic: str, headers: list[tuple[str, Any]], value: bytes | None) -> Event | str:
    try:
        return cloud_events.decode(topic, headers, value)
    except Refused as refused:
        return str(refused)


@settings(deadline=None, max_examples=300)
@given(topic=st.sampled_from(sorted(EVENTS)), headers=st.lists(st.tuples(header_names, st.none() | st.binary())), value=st.none() | st.binary())
def test_garbage_is_refused(topic: str, headers: list[tuple[str, Any]], value: bytes | None) -> None:
    assert isinstance(_decoded_or_refused(topic, headers, value), str)


@settings(deadline=None, max_examples=600)
@given(st.data())
def test_an_event_that_somebody_tampered_with_is_an_event_or_refused_without_its_values(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(golden.EXAMPLES), label="example")
    example = json.loads(json.dumps(EXAMPLES[path]))
    *way, last = data.draw(st.sampled_from(_places(example)), label="place")
    container = reduce(getitem, way, example)
    value = data.draw(anything, label="value")
    container[last] = str(value) if container is example["headers"] else value
    headers = [(name, text.encode(errors="replace")) for name, text in example["headers"].items()]
    outcome = _decoded_or_refused(path.parent.name, headers, json.dumps(example["value"]).encode(errors="replace"))
    if isinstance(outcome, str):
        assert SECRET not in outcome
    else:
        again, encoded = cloud_events.encode(outcome, outcome.envelope)
        assert cloud_events.decode(path.parent.name, again, encoded) == outcome


def _places(node: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every leaf of an example's headers and value."""
    names = node if isinstance(node, dict) else range(len(node))
    places: list[tuple[Any, ...]] = []
    for name in names:
        if way or name in ("headers", "value"):
            places += _places(node[name], (*way, name)) if isinstance(node[name], (dict, list)) else [(*way, name)]
    return places


@pytest.mark.parametrize("topic", sorted(EVENTS))
def test_every_value_of_every_event_stays_out_of_the_reason(topic: str) -> None:
    path = next(path for path in golden.EXAMPLES if path.parent.name == topic)
    value = {name: {SECRET: SECRET} for name in EVENTS[topic].model_fields}
    reason = _decoded_or_refused(topic, golden.headers(EXAMPLES[path]), json.dumps(value).encode())
    assert isinstance(reason, str)
    assert SECRET not in reason


@pytest.mark.parametrize(
    ("header", "value", "reason"),
    [
        ("ce_type", b"order.eaten", "ce_type is not"),
        ("ce_distributorid", str(uuid4()).encode(), "differ"),
        ("ce_id", b"one", "must be UUIDs"),
        ("ce_id", b"", "missing headers: ce_id"),
        ("ce_source", None, "missing headers: ce_source"),
        ("ce_sequence", b"first", "an integer"),
        ("ce_correlationid", b"\xff", "not UTF-8"),
    ],
)
def test_the_reason_says_which_header_is_wrong(header: str, value: bytes | None, reason: str) -> None:
    path = golden.EXAMPLES[0]
    headers = [(name, text) for name, text in golden.headers(EXAMPLES[path]) if name != header]
    outcome = _decoded_or_refused(path.parent.name, [*headers, (header, value)], json.dumps(EXAMPLES[path]["value"]).encode())
    assert isinstance(outcome, str)
    assert re.search(reason, outcome)


def test_an_event_that_is_too_large_is_refused() -> None:
    path = golden.EXAMPLES[0]
    value = json.dumps(EXAMPLES[path]["value"] | {"more": "x" * LARGEST_EVENT_BYTES}).encode()
    outcome = _decoded_or_refused(path.parent.name, golden.headers(EXAMPLES[path]), value)
    assert isinstance(outcome, str)
    assert "at most" in outcome


def test_fields_that_are_not_known_yet_are_ignored() -> None:
    path = golden.EXAMPLES[0]
    event = cloud_events.decode(path.parent.name, golden.headers(EXAMPLES[path]), json.dumps(EXAMPLES[path]["value"] | {"added_later": 1}).encode())
    assert event == golden.event(path)
