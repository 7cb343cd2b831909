"""`comanda eval intents`: how often what a writer wants is understood."""

from collections import Counter, defaultdict
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


def command(
    file: LabelledFile,
    analyzer: AnalyzerName = Analyzer.LOCAL,
    predictions: PredictionsFile = None,
    examples: ExamplesCount = 0,
    *,
    as_json: AsJson = False,
) -> None:
    """Tell what writers want, and say how often that is right; of texts that the weights have seen, that says little."""
    console = Console(highlight=False)
    outcomes, texts_per_second = analyze_all(file, {Form.INTENT, Form.WHOLESALE}, analyzer, console)
    if predictions:
        write_predictions(predictions, outcomes)
    report(measure(outcomes), texts_per_second, console, as_json=as_json, examples=examples)


def measure(outcomes: Sequence[Outcome]) -> Measured:
    """Accuracy, and the F1 of each intent that the file knows."""
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    failures: dict[str, list[str]] = defaultdict(list)
    for one in outcomes:
        wanted, read = one.example.labels["intent"], one.analysis.intent.value
        if wanted == read:
            right[wanted] += 1
            continue
        wrong[read] += 1
        missed[wanted] += 1
        failures[f"{wanted} taken for {read}"].append(repr(one.example.text))
    known = {*right, *missed}
    f1 = {name: 2 * right[name] / (2 * right[name] + wrong[name] + missed[name]) for name in known}
    figures = {
        "n": len(outcomes),
        "accuracy": round(right.total() / len(outcomes), 4),
        "macro_f1": round(sum(f1.values()) / len(f1), 4),
        "f1": {name: round(f1[name], 3) for name in sorted(f1)},
    }
    return Measured(figures, dict(sorted(failures.items(), key=lambda kind: -len(kind[1]))))
