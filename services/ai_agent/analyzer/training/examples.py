"""Labelled texts, a JSON object a line: ingredient lines, messages with items, intents, and wholesale messages with lines and intent."""

import json
from collections.abc import Iterator
from enum import StrEnum, auto
from pathlib import Path
from typing import Any, NamedTuple


class Form(StrEnum):
    """What the labels of a file say."""

    LINE = auto()
    """One product with `quantity`, `unit`, `product`."""
    MESSAGE = auto()
    """`items`, each with `quantity`, `unit`, `product`."""
    INTENT = auto()
    """`intent` alone."""
    WHOLESALE = auto()
    """`intent` and `lines` with their `operation`: tests/ai_agent/corpus."""


class Example(NamedTuple):
    """A text with its labels, as the file has them."""

    form: Form
    id: str
    text: str
    labels: dict[str, Any]


class NotLabelled(ValueError):
    """A row carries no labels that are known here."""


def read_examples(file: Path) -> Iterator[Example]:
    """Yield the examples of a file. A row without labels raises NotLabelled."""
    with file.open(encoding="utf-8") as rows:
        for number, row in enumerate(rows, 1):
            labels = json.loads(row)
            yield Example(_form(labels, file, number), str(labels.get("id", f"{file.stem}-{number}")), labels["text"], labels)


def _form(labels: dict[str, Any], file: Path, number: int) -> Form:
    if "intent" in labels:
        return Form.WHOLESALE if "lines" in labels else Form.INTENT
    if "items" in labels:
        return Form.MESSAGE
    if "product" in labels:
        return Form.LINE
    raise NotLabelled(f"{file.name}, line {number}: a row has text and one of intent, items, product")
