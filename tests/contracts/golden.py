"""The golden events of schemas/examples/: one of each kind that was ever released."""

import json
from pathlib import Path
from typing import Any

import schemas
from libs import cloud_events
from schemas.event import Event

EXAMPLES = sorted((Path(schemas.__file__).parent / "examples").glob("*/v*-*.json"))


def name(path: Path) -> str:
    """Return what a test report calls the example."""
    return f"{path.parent.name}/{path.stem}"


def load(path: Path) -> dict[str, Any]:
    """Return the example: its headers, key and value."""
    return json.loads(path.read_text())


def event(path: Path) -> Event:
    """Return the event in the example, as a consumer of its topic gets it."""
    example = load(path)
    return cloud_events.decode(path.parent.name, headers(example), json.dumps(example["value"]).encode())


def headers(example: dict[str, Any]) -> list[tuple[str, bytes]]:
    """Return the example's headers as they are on the wire."""
    return [(header, text.encode()) for header, text in example["headers"].items()]
