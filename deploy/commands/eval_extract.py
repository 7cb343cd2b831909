"""`comanda eval extract`: how well the items of whole messages are found."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from deploy.commands.eval_analyzer import (
    Analyzer,
    AnalyzerName,
    AsJson,
    ExamplesCount,
    LabelledFile,
    Measured,
    Outcome,
    PredictionsFile,
    analyze_all,
    report,
    write_predictions,
)
from services.ai_agent.analyzer.training.examples import Form
from services.ai_agent.analyzer.training.marks import MessageMarks, mark_message, mark_wholesale


def command(
    file: LabelledFile,
    analyzer: AnalyzerName = Analyzer.LOCAL,
    predictions: PredictionsFile = None,
    examples: ExamplesCount = 0,
    *,
    as_json: AsJson = False,
) -> None:
    """Find the items of messages, and say how many are found with their quantities; or the lines of wholesale messages with all they say."""
    console = Console(highlight=False)
    outcomes, texts_per_second = analyze_all(file, {Form.MESSAGE, Form.WHOLESALE}, analyzer, console)
    if predictions:
        write_predictions(predictions, outcomes)
    is_wholesale = outcomes[0].example.form is Form.WHOLESALE
    measured = measure_wholesale(outcomes) if is_wholesale else measure(outcomes)
    report(measured, texts_per_second, console, as_json=as_json, examples=examples)


def measure(outcomes: Sequence[Outcome]) -> Measured:
    """The shares of items that are found, and of messages that are understood whole."""
    marks = [mark_message(one.example.labels["items"], one.lines) for one in outcomes]
    total = MessageMarks(*(sum(column) for column in zip(*marks, strict=True)))
    both = max(1, total.wanted + total.read)
    figures: dict[str, float] = {
        "n": len(marks),
        "items": total.wanted,
        "item_f1": round(2 * total.found / both, 4),
        "quantity_of_gold": round(total.quantity / max(1, total.wanted), 4),
        "unit_of_gold": round(total.unit / max(1, total.wanted), 4),
        "all_items_and_quantities": round(sum(mark.exact for mark in marks) / len(marks), 4),
        "strict_item_f1": round(2 * total.strict / both, 4),
    }
    failures: dict[str, list[str]] = defaultdict(list)
    for one, mark in zip(outcomes, marks, strict=True):
        if not mark.exact or mark.strict < mark.wanted:
            failures[_kind(mark)].append(_told(one, one.example.labels["items"]))
    return Measured(figures, failures)


def measure_wholesale(outcomes: Sequence[Outcome]) -> Measured:
    """The share of lines right in operation, quantity, unit and product (F1), and of intents."""
    right = wanted = read = intents = 0
    failures: dict[str, list[str]] = defaultdict(list)
    for one in outcomes:
        labels = one.example.labels
        marks = mark_wholesale(labels, one.lines)
        right, wanted, read = right + sum(marks), wanted + len(labels["lines"]), read + len(marks)
        intents += one.analysis.intent == labels["intent"]
        if sum(marks) < max(len(labels["lines"]), len(marks)):
            failures["wrong lines"].append(_told(one, labels["lines"]))
        if one.analysis.intent != labels["intent"]:
            failures["wrong intent"].append(f"{one.example.text!r}: {labels['intent']}; read {one.analysis.intent}")
    figures = {
        "n": len(outcomes),
        "lines": wanted,
        "line_f1": round(2 * right / max(1, wanted + read), 4),
        "intent_accuracy": round(intents / len(outcomes), 4),
    }
    return Measured(figures, failures)


def _kind(mark: MessageMarks) -> str:
    if mark.found < mark.wanted:
        return "an item is missing"
    if mark.read > mark.wanted:
        return "a line too many"
    return "a wrong quantity" if mark.quantity < mark.wanted else "other words for a product"


def _told(one: Outcome, wanted: Sequence[dict[str, Any]]) -> str:
    items, lines = (", ".join(_item(line) for line in listed) or "nothing" for listed in (wanted, one.lines))
    return f"{one.example.text!r}: {items}; read {lines}"


def _item(line: dict[str, Any]) -> str:
    return " ".join(str(line[key]) for key in ("operation", "quantity", "unit", "product") if line.get(key) is not None)
