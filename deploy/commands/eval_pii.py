"""`comanda eval pii`: how well personal data is found in a file of labelled texts.

A finding is right where it covers at least half of a labelled one of its type. One that covers nothing of its type counts as wrong only if the
labels of that type are complete for its text, and an address not where a place, a post code or an organisation is labelled.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from pydantic import BaseModel, ValidationError
from rich.console import Console
from rich.table import Table

from libs import pii
from schemas.pii_detected import PiiType

NAMES = {PiiType.NAME: "PERSON", PiiType.IP_ADDRESS: "IP"}
"""What the files call types otherwise."""
SCORED = ("PERSON", "ADDRESS", "PHONE", "EMAIL", "CREDIT_CARD", "IBAN", "SSN", "IP")
PLACES = frozenset(("LOCATION", "ZIP", "ORG"))
NEGATIVE = "negative"
"""Texts whose source says this hold nothing of what is labelled."""
ENOUGH = 0.5
ALL_TYPES = pii.DEFAULT_TYPES | {PiiType.NAME}

Entity = tuple[int, int, str]


class Labelled(BaseModel):
    """A text, what is in it, and of which types that is all."""

    id: str
    text: str
    entities: list[Entity] = []
    source: str = ""
    labelled_types: list[str] = list(SCORED)


@dataclass(frozen=True, slots=True)
class Score:
    """How well one type was found."""

    precision: float
    recall: float
    f1: float
    gold: int


@dataclass(frozen=True, slots=True)
class Report:
    """How well all were found; `negatives_flagged` is the share of texts without anything in which something was found."""

    n: int
    types: dict[str, Score]
    negatives: int
    negatives_flagged: float


def command(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="One JSON object a line: id, text, entities, labelled_types")],
    predictions: Annotated[Path | None, typer.Option(help="Write what was found here, a line a text")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON")] = False,
) -> None:
    """Find personal data in labelled texts, and say how well."""
    console = Console(highlight=False)
    rows = _read(file, console)
    found, texts_per_second = detect_all(rows)
    if predictions:
        predictions.write_text("".join(json.dumps({"id": row.id, "entities": found[row.id]}) + "\n" for row in rows), encoding="utf-8")
    report = score(rows, found)
    if as_json:
        typer.echo(json.dumps(asdict(report) | {"texts_per_second": round(texts_per_second)}))
    else:
        _print(report, texts_per_second, console)


def detect_all(rows: Sequence[Labelled]) -> tuple[dict[str, list[Entity]], float]:
    """Return what is found in each text, under the names of the files, and how many texts a second that took."""
    pii.detect("Dear Ms. Example, +1 212 555 0100", ALL_TYPES)
    started = time.perf_counter()
    found = {row.id: pii.detect(row.text, ALL_TYPES) for row in rows}
    took = time.perf_counter() - started
    named = {key: [(each.start, each.end, NAMES.get(each.type, each.type.value)) for each in findings] for key, findings in found.items()}
    return named, len(rows) / took


def score(rows: Sequence[Labelled], found: Mapping[str, Sequence[Entity]]) -> Report:
    """Compare what was found with what is labelled."""
    right: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    negatives = flagged = 0
    for row in rows:
        of_text = found.get(row.id, ())
        for label in row.entities:
            if label[2] in SCORED:
                (right if any(_covers(each, label) for each in of_text) else missed)[label[2]] += 1
        extra = list(_wrong(row, of_text))
        wrong.update(extra)
        if NEGATIVE in row.source:
            negatives += 1
            flagged += bool(extra)
    types = {name: _score(right[name], wrong[name], missed[name]) for name in SCORED if right[name] + wrong[name] + missed[name]}
    return Report(len(rows), types, negatives, round(flagged / max(1, negatives), 4))


def _wrong(row: Labelled, found: Sequence[Entity]) -> Iterator[str]:
    """Yield the types of the findings that cover nothing of their type."""
    for each in found:
        name = each[2]
        touches = [label for label in row.entities if _common(each, label) > 0]
        excused = name == "ADDRESS" and any(label[2] in PLACES for label in touches)
        if name in row.labelled_types and not excused and all(label[2] != name for label in touches):
            yield name


def _covers(found: Entity, label: Entity) -> bool:
    return found[2] == label[2] and _common(found, label) > 0 and _common(found, label) >= ENOUGH * (label[1] - label[0])


def _common(one: Entity, other: Entity) -> int:
    return min(one[1], other[1]) - max(one[0], other[0])


def _score(right: int, wrong: int, missed: int) -> Score:
    precision, recall = right / max(1, right + wrong), right / max(1, right + missed)
    return Score(round(precision, 3), round(recall, 3), round(2 * right / max(1, 2 * right + wrong + missed), 3), right + missed)


def _read(file: Path, console: Console) -> list[Labelled]:
    rows: list[Labelled] = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            try:
                rows.append(Labelled.model_validate_json(line))
            except ValidationError as error:
                _end(console, f"{file}, line {number}: {error.errors()[0]['msg']}")
    if not rows:
        _end(console, f"{file} holds no text")
    return rows


def _print(report: Report, texts_per_second: float, console: Console) -> None:
    table = Table("type", "precision", "recall", "F1", "labelled", box=None)
    for name, each in report.types.items():
        table.add_row(name, f"{each.precision:.3f}", f"{each.recall:.3f}", f"{each.f1:.3f}", str(each.gold))
    console.print(table)
    console.print(f"{report.n} texts, {texts_per_second:,.0f} a second")
    console.print(f"{report.negatives_flagged:.2%} of {report.negatives} texts without anything were flagged")


def _end(console: Console, sentence: str) -> NoReturn:
    console.print(f"[red]{sentence}[/]", soft_wrap=True)
    raise typer.Exit(1)
