"""schemas/topics/ says who produces and who consumes what; the code does exactly that."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import services
from libs.consumer import Handlers
from schemas import topics
from schemas.catalog import EVENTS

AGREED = topics.load()
TOPIC_OF_CLASS = {event.__name__: topic for topic, event in EVENTS.items()}
ARCHITECTURE = {"accounts", "ai_agent", "catalog_matcher", "console", "ingest", "message_store", "order_session", "outbound", "webhook_dispatcher"}


def test_every_event_has_a_topic_and_every_topic_an_event() -> None:
    assert set(AGREED) == set(EVENTS)


def test_every_event_module_is_in_the_catalog() -> None:
    folder = Path(topics.__file__).parent.parent
    written = {match for path in folder.glob("*.py") for match in re.findall(r'^    topic = "([^"]+)"$', path.read_text(), re.MULTILINE)}
    assert written == set(EVENTS)


@pytest.mark.parametrize("topic", AGREED.values(), ids=AGREED)
def test_a_topic_belongs_to_a_service_that_produces_it(topic: topics.Topic) -> None:
    assert topic.owner in ARCHITECTURE
    assert not topic.producers or topic.owner in topic.producers
    assert set(topic.producers) | set(topic.consumers) <= set(services.NAMES), "a service is named that does not exist"
    assert sorted(topic.producers) == list(topic.producers)
    assert sorted(topic.consumers) == list(topic.consumers)


@pytest.mark.parametrize("topic", AGREED.values(), ids=AGREED)
def test_a_topic_that_is_consumed_keeps_its_dead_letters(topic: topics.Topic) -> None:
    assert topic.dead_letters == bool(topic.consumers)


@pytest.mark.parametrize("topic", AGREED.values(), ids=AGREED)
def test_the_partition_key_is_made_of_the_fields_that_the_topic_names(topic: topics.Topic) -> None:
    event = EVENTS[topic.name]
    assert tuple(re.findall(r"\w+_id", topic.key)) == event.key_fields
    assert set(event.key_fields) | {event.subject_field} <= set(event.model_fields)


@pytest.mark.parametrize("service", services.NAMES)
def test_a_service_handles_exactly_what_the_topics_say_it_consumes(service: str) -> None:
    handlers: Handlers = importlib.import_module(f"services.{service}.__main__").CONSUMES
    assert {event.topic for event in handlers} == {topic.name for topic in AGREED.values() if service in topic.consumers}


@pytest.mark.parametrize("service", services.NAMES)
def test_a_service_makes_exactly_the_events_that_the_topics_say_it_produces(service: str) -> None:
    assert set(_events_made_in(Path(services.__file__).parent / service)) == {topic.name for topic in AGREED.values() if service in topic.producers}


def test_no_event_is_made_outside_a_service() -> None:
    root = Path(services.__file__).parent.parent
    assert set(_events_made_in(root / "libs")) == set()
    assert set(_events_made_in(root / "schemas")) == set()


def _events_made_in(folder: Path) -> Iterator[str]:
    """The topics of the events whose class is called somewhere in `folder`."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""
                if called in TOPIC_OF_CLASS:
                    yield TOPIC_OF_CLASS[called]
