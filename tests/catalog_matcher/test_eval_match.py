"""`comanda eval match` counts what is right, and says what is wrong with what it is given."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from deploy.commands.eval_match import calibration_error


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A catalog of four products, and three phrases."""
    (tmp_path / "catalog.tsv").write_text(
        "sku\tname\tbrand\nA\tWhole Milk Gallon\t\nB\tOat Milk\tBarista\nC\tSalted Butter\tNorth\nD\tSalted Butter\tSouth\n"
    )
    (tmp_path / "queries.tsv").write_text("qid\tquery\n1\twhole milk gallon\n2\toat mlik\n3\tsalted butter\n")
    (tmp_path / "gold.tsv").write_text("qid\tsku\tgrade\n1\tA\t1\n2\tB\t1\n3\tD\t1\n")
    return tmp_path


def evaluated(*arguments: object) -> dict[str, float]:
    result = CliRunner().invoke(app, ["eval", "match", "--json", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    [found] = json.loads(result.stdout).values()
    return found


def test_what_is_right_is_counted_and_written_down(folder: Path) -> None:
    predictions = folder / "predictions.jsonl"
    found = evaluated(folder, "--predictions", predictions)
    assert (found["products"], found["queries"], found["recall_at_1"], found["recall_at_5"]) == (4, 3, 0.6667, 1)
    skus = {row["qid"]: row["skus"] for row in map(json.loads, predictions.read_text().splitlines())}
    assert (skus["1"][0], skus["2"][0], skus["3"]) == ("A", "B", ["C", "D"])


def test_what_the_customer_has_bought_decides_between_products_of_one_name(folder: Path) -> None:
    history = folder / "history.tsv"
    history.write_text("qid\tsku\ttimes\tlast\tunit\tquantity\n3\tD\t9\t2025-06-01\tcase\t2\n")
    assert evaluated(folder, "--customer-history", history)["recall_at_1"] == 1


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [("gold.tsv", "qid\tproduct\n1\tA\n", "gold.tsv has no column sku"), ("history.tsv", "qid\tsku\tlast\n1\tA\tyesterday\n", "history.tsv, line 2")],
)
def test_what_cannot_be_read_is_named(folder: Path, file: str, text: str, says: str) -> None:
    (folder / file).write_text(text)
    result = CliRunner().invoke(app, ["eval", "match", str(folder), *(["--customer-history", str(folder / file)] if file == "history.tsv" else [])])
    assert result.exit_code == 1
    assert says in result.output.replace("\n", "")


def test_a_folder_without_a_catalog_is_said_to_be_one(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["eval", "match", str(tmp_path)])
    assert result.exit_code == 1
    assert "catalog.tsv" in result.output


def test_confidence_that_is_as_high_as_the_share_of_right_answers_has_no_error() -> None:
    assert calibration_error([(0.75, True), (0.75, True), (0.75, True), (0.75, False)]) == 0
    assert calibration_error([(0.9, False), (0.9, True)]) == pytest.approx(0.4)
