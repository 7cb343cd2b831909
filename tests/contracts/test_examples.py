"""Golden events of every released version, replayed through today's models for ever."""

from pathlib import Path
from typing import Any

import pytest

from libs import cloud_events
from schemas.catalog import EVENTS
from tests.contracts import golden, oracle


@pytest.mark.parametrize("path", golden.EXAMPLES, ids=golden.name)
def test_a_golden_event_is_read_and_told_again_without_loss(path: Path) -> None:
    example, event = golden.load(path), golden.event(path)
    headers, value = cloud_events.encode(event, event.envelope)
    assert _lost(example["headers"], {name: text.decode() for name, text in headers}) == []
    assert _lost(example["value"], oracle.parsed(value)) == []
    assert event.key == example["key"]


def test_every_event_has_a_golden_example() -> None:
    assert {path.parent.name for path in golden.EXAMPLES} == set(EVENTS)


def test_the_comparison_sees_what_is_lost() -> None:
    assert _lost({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}], "d": 3}) == []
    assert _lost({"a": [{"b": 1}], "e": 1}, {"a": [{"b": 2}]}) == [".a.0.b", ".e"]
    assert _lost({"a": [1, 2]}, {"a": [1]}) == [".a"]


def _lost(before: Any, after: Any, where: str = "") -> list[str]:
    """The places whose value was there before and is not there after. Fields that were added since do not matter."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            each
            for name, value in before.items()
            for each in (_lost(value, after[name], f"{where}.{name}") if name in after else [f"{where}.{name}"])
        ]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [each for place, (old, new) in enumerate(zip(before, after, strict=True)) for each in _lost(old, new, f"{where}.{place}")]
    return [] if before == after else [where]
