"""`comanda eval extract`, `lines` and `intents`: figures of labelled files."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from services.ai_agent.analyzer.training.marks import mark_line, mark_message, mark_wholesale
from tests.llm.model_server import KEY, MODEL, ModelServer

MILK = {"id": "1", "text": "3 cs whole milk", "quantity": 3, "unit": "case", "product": "milk", "product_full": "whole milk"}
EGGS = {"id": "2", "text": "2 doz eggs", "quantity": 4, "unit": "dozen", "product": "eggs"}
ORDER = {
    "id": "3",
    "text": "3 cs milk and 2 doz eggs",
    "items": [{"quantity": 3, "unit": "case", "product": "milk"}, {"quantity": 2, "unit": "dozen", "product": "eggs"}],
}
YES = {"id": "4", "text": "yes", "intent": "confirm"}
HELLO = {"id": "5", "text": "hello", "intent": "closing"}


def evaluate(tmp_path: Path, what: str, rows: list[dict[str, Any]], *options: str) -> str:
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return CliRunner().invoke(app, ["eval", what, str(file), *options]).output


def test_lines_are_measured(tmp_path: Path) -> None:
    figures = json.loads(evaluate(tmp_path, "lines", [MILK, EGGS], "--json"))
    assert (figures["n"], figures["quantity"], figures["unit"], figures["product_exact"], figures["all_right"]) == (2, 0.5, 1.0, 1.0, 0.5)
    assert figures["texts_per_second"] > 0


def test_messages_are_measured(tmp_path: Path) -> None:
    figures = json.loads(evaluate(tmp_path, "extract", [ORDER], "--json"))
    assert (figures["items"], figures["item_f1"], figures["all_items_and_quantities"], figures["strict_item_f1"]) == (2, 1.0, 1.0, 1.0)


def test_intents_are_measured(tmp_path: Path) -> None:
    figures = json.loads(evaluate(tmp_path, "intents", [YES, HELLO], "--json"))
    assert (figures["accuracy"], figures["macro_f1"], figures["f1"]) == (0.5, 0.5, {"closing": 0.0, "confirm": 1.0})


def test_predictions_are_written_one_a_text(tmp_path: Path) -> None:
    evaluate(tmp_path, "extract", [ORDER], "--predictions", str(tmp_path / "out.jsonl"))
    (row,) = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert (row["id"], row["intent"]) == ("3", "order")
    assert [(line["quantity"], line["unit"], line["product"]) for line in row["lines"]] == [(3.0, "case", "milk"), (2.0, "dozen", "eggs")]


def test_failures_are_shown_by_kind_if_asked_for(tmp_path: Path) -> None:
    assert "wrong quantity: 1" in evaluate(tmp_path, "lines", [MILK, EGGS], "--examples", "1")
    assert "closing taken for greeting: 1" in evaluate(tmp_path, "intents", [YES, HELLO], "--examples", "1")
    assert "wrong" not in evaluate(tmp_path, "lines", [MILK, EGGS])


@pytest.mark.parametrize(("what", "rows"), [("lines", [YES]), ("extract", [MILK]), ("intents", [ORDER]), ("lines", [{"text": "milk"}])])
def test_a_file_of_another_form_is_refused(tmp_path: Path, what: str, rows: list[dict[str, Any]]) -> None:
    output = evaluate(tmp_path, what, rows)
    assert "rows.jsonl" in output
    assert "texts a second" not in output


def test_a_range_is_right_by_either_end_and_a_double_measure_by_either() -> None:
    either = {"quantity": 2, "quantity_max": 4, "unit": "pound", "product": "ham", "category": "range"}
    assert [mark_line(either, {"quantity": value, "unit": "lb", "product": "ham"}).all_right for value in (2, 3, 4, 5)] == [True, True, True, False]
    both = {"quantity": 250, "unit": "gram", "product": "ham", "category": "dual", "alt": [[9, "ounce"]]}
    assert mark_line(both, {"quantity": 9, "unit": "oz", "product": "ham"}).all_right
    assert not mark_line(both, {"quantity": 9, "unit": "g", "product": "ham"}).all_right


def test_an_item_is_found_once() -> None:
    marks = mark_message([{"quantity": 1, "product": "whole milk"}], [{"quantity": 2, "product": "milk"}, {"quantity": 1, "product": "whole milk"}])
    assert (marks.found, marks.quantity, marks.strict, marks.exact) == (1, 1, 1, False)


def test_a_wholesale_line_is_right_only_with_its_operation() -> None:
    labels = {"lines": [{"operation": "remove", "product": "butter"}]}
    assert mark_wholesale(labels, [{"operation": "remove", "product": "Butter"}, {"operation": "remove", "product": "butter"}]) == [True, False]
    assert mark_wholesale(labels, [{"operation": "add", "product": "butter"}]) == [False]


async def test_a_model_is_measured_in_the_same_way(tmp_path: Path, model: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("BASE_URL", model.base_url), ("API_KEY", KEY), ("MODEL", MODEL)):
        monkeypatch.setenv(f"COMANDA_AI_{name}", value)
    understood = ORDER | {"text": "3 cases milk and 2 lbs butter", "items": [{"quantity": 3, "unit": "case", "product": "milk"}]}
    figures = json.loads(await asyncio.to_thread(evaluate, tmp_path, "extract", [understood, ORDER], "--json", "--analyzer", "model"))
    assert (figures["n"], figures["items"], figures["quantity_of_gold"]) == (2, 3, 0.3333)
    assert len(model.asked) == 2


def test_without_a_model_none_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COMANDA_AI_MODEL", raising=False)
    assert "COMANDA_AI_MODEL" in evaluate(tmp_path, "intents", [YES], "--analyzer", "model")
