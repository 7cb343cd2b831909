"""`comanda eval lines`: how well single lines are read, each with one product."""

from collections import defaultdict
from collections.abc import Sequence

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
from services.ai_agent.analyzer.training.marks import LineMarks, mark_line, names


def command(
    file: LabelledFile,
    analyzer: AnalyzerName = Analyzer.LOCAL,
    predictions: PredictionsFile = None,
    examples: ExamplesCount = 0,
    *,
    as_json: AsJson = False,
) -> None:
    """Read lines of one product each, and say how many quantities, units and products are right."""
    console = Console(highlight=False)
    outcomes, texts_per_second = analyze_all(file, {Form.LINE}, analyzer, console)
    if predictions:
        write_predictions(predictions, outcomes)
    report(measure(outcomes), texts_per_second, console, as_json=as_json, examples=examples)


def measure(outcomes: Sequence[Outcome]) -> Measured:
    """The shares of lines that are right: the first line that was read counts."""
    marks = [mark_line(one.example.labels, one.lines[0] if one.lines else {}) for one in outcomes]
    count = len(marks)
    figures: dict[str, float] = {
        "n": count,
        "quantity": round(sum(mark.quantity for mark in marks) / count, 4),
        "unit": round(sum(mark.unit for mark in marks) / count, 4),
        "product_exact": round(sum(mark.product for mark in marks) / count, 4),
        "product_f1": round(sum(mark.product_f1 for mark in marks) / count, 4),
        "all_right": round(sum(mark.all_right for mark in marks) / count, 4),
    }
    failures: dict[str, list[str]] = defaultdict(list)
    for one, mark in zip(outcomes, marks, strict=True):
        if not mark.all_right:
            failures[_kind(one, mark)].append(_told(one))
    return Measured(figures, failures)


def _kind(one: Outcome, mark: LineMarks) -> str:
    if not one.lines:
        return "nothing was read"
    wrong = [name for name, right in (("quantity", mark.quantity), ("unit", mark.unit), ("product", mark.product)) if not right]
    return f"wrong {' and '.join(wrong)}"


def _told(one: Outcome) -> str:
    labels = one.example.labels
    read = [(line["quantity"], line["unit"], line["product"]) for line in one.lines]
    return f"{one.example.text!r}: {labels.get('quantity')} {labels.get('unit')} {' | '.join(names(labels))}; read {read}"
