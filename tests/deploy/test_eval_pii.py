"""The figures of `comanda eval pii`."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from deploy.commands.eval_pii import Entity, Labelled, Score, score

CALL = "call 212-555-0100 now"
PHONE = (5, 17, "PHONE")


def row(*entities: Entity, **more: Any) -> Labelled:
    return Labelled.model_validate({"id": "1", "text": CALL, "entities": entities} | more)


@pytest.mark.parametrize(
    ("found", "labelled", "expected"),
    [
        ([PHONE], row(PHONE), {"PHONE": Score(1.0, 1.0, 1.0, 1)}),
        ([], row(PHONE), {"PHONE": Score(0.0, 0.0, 0.0, 1)}),
        ([(5, 11, "PHONE")], row(PHONE), {"PHONE": Score(1.0, 1.0, 1.0, 1)}),
        # Less than half: missed, though not wrong.
        ([(5, 10, "PHONE")], row(PHONE), {"PHONE": Score(0.0, 0.0, 0.0, 1)}),
        ([(0, 4, "PHONE")], row(PHONE), {"PHONE": Score(0.0, 0.0, 0.0, 1)}),
        ([PHONE, (0, 4, "PHONE")], row(PHONE), {"PHONE": Score(0.5, 1.0, 0.667, 1)}),
        # One finding may cover several labels.
        ([(0, 21, "PHONE")], row((0, 4, "PHONE"), PHONE), {"PHONE": Score(1.0, 1.0, 1.0, 2)}),
        ([(5, 17, "EMAIL")], row(PHONE), {"PHONE": Score(0.0, 0.0, 0.0, 1), "EMAIL": Score(0.0, 0.0, 0.0, 0)}),
        # What is not labelled throughout is not held against anybody.
        ([(0, 4, "EMAIL")], row(labelled_types=["PHONE"]), {}),
        ([(0, 4, "ADDRESS")], row((0, 4, "LOCATION")), {}),
        ([(0, 4, "PHONE")], row((0, 4, "LOCATION")), {"PHONE": Score(0.0, 0.0, 0.0, 0)}),
        ([], row((0, 4, "TITLE")), {}),
        ([(0, 4, "NATIONAL_ID")], row(), {}),
    ],
)
def test_a_finding_is_right_wrong_or_missing(found: list[Entity], labelled: Labelled, expected: dict[str, Score]) -> None:
    assert score([labelled], {"1": found}).types == expected


def test_negatives_are_counted_by_text() -> None:
    rows = [row(id=number, source="orders_negative") for number in "1234"] + [row(id="5", source="letters")]
    report = score(rows, {"1": [PHONE, (0, 4, "PHONE")], "5": [PHONE]})
    assert (report.negatives, report.negatives_flagged, report.n) == (4, 0.25, 5)


def written(folder: Path, *rows: Labelled) -> Path:
    file = folder / "labelled.jsonl"
    file.write_text("".join(each.model_dump_json() + "\n" for each in rows))
    return file


def test_the_command_prints_figures_and_writes_what_it_found(folder: Path) -> None:
    file = written(folder, row(PHONE), row(id="2", text="this is Maria Lopez", entities=[(8, 19, "PERSON")]))
    predictions = folder / "found.jsonl"
    answer = CliRunner().invoke(app, ["eval", "pii", str(file), "--predictions", str(predictions), "--json"])
    assert answer.exit_code == 0
    said = json.loads(answer.stdout)
    assert said["types"]["PHONE"] == said["types"]["PERSON"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "gold": 1}
    assert said["texts_per_second"] > 0
    assert [json.loads(line) for line in predictions.read_text().splitlines()] == [
        {"id": "1", "entities": [[5, 17, "PHONE"]]},
        {"id": "2", "entities": [[8, 19, "PERSON"]]},
    ]
    assert "PHONE" in CliRunner().invoke(app, ["eval", "pii", str(file)]).stdout


@pytest.mark.parametrize("content", ["", "{", '{"id": "1"}'])
def test_a_file_that_cannot_be_read_is_named(folder: Path, content: str) -> None:
    file = folder / "labelled.jsonl"
    file.write_text(content)
    answer = CliRunner().invoke(app, ["eval", "pii", str(file)])
    assert answer.exit_code == 1
    assert "labelled.jsonl" in answer.stdout
