"""What `comanda eval extract`, `lines` and `intents` share: a file is analyzed, its predictions are written, what went wrong is shown."""

import asyncio
import json
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NamedTuple, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from schemas.analysis import Analysis, Line
from services.ai_agent.analyzer import analyze
from services.ai_agent.analyzer.training.examples import Example, Form, NotLabelled, read_examples
from services.ai_agent.evaluation import analyze_by_model
from services.ai_agent.settings import AiModels

TODAY = date(2026, 11, 18)
"""The day of every text, so that the same file gives the same figures."""

LabelledFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="One JSON object a line: id, text and its labels")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the figures as JSON")]
PredictionsFile = Annotated[Path | None, typer.Option(help="Write what was understood here, a line a text")]
ExamplesCount = Annotated[int, typer.Option(min=0, help="Show so many texts of each kind of failure")]


class Analyzer(StrEnum):
    """What understands the texts."""

    LOCAL = "local"
    MODEL = "model"


AnalyzerName = Annotated[Analyzer, typer.Option(help="What is measured; the model is that of COMANDA_AI_MODEL")]


class Outcome(NamedTuple):
    """A labelled text and what was made of it; `lines` as in the file of predictions."""

    example: Example
    analysis: Analysis
    lines: list[dict[str, Any]]


class Measured(NamedTuple):
    """The figures of a file, and texts for each kind of failure."""

    figures: dict[str, Any]
    failures: Mapping[str, Sequence[str]]


def analyze_all(file: Path, forms: Collection[Form], analyzer: Analyzer, console: Console) -> tuple[list[Outcome], float]:
    """Return what is made of each text of a file, and how many texts a second one core does, or with a model the clock counts."""
    try:
        examples = list(read_examples(file))
    except (NotLabelled, KeyError, json.JSONDecodeError) as error:
        _end(console, str(error) if isinstance(error, NotLabelled) else f"{file.name}: a row is no JSON object with a text: {error}")
    if not examples or any(example.form not in forms for example in examples):
        _end(console, f"{file.name} must hold rows with {' or '.join(f'{form}' for form in forms)} labels")
    analyses, took = (_by_model if analyzer is Analyzer.MODEL else _locally)([example.text for example in examples], console)
    outcomes = [Outcome(*pair, list(map(_row, pair[1].lines))) for pair in zip(examples, analyses, strict=True)]
    return outcomes, len(examples) / took


def _locally(texts: Sequence[str], _: Console) -> tuple[list[Analysis], float]:
    analyze(texts[0], TODAY)
    started = time.process_time()
    return [analyze(text, TODAY) for text in texts], time.process_time() - started


def _by_model(texts: Sequence[str], console: Console) -> tuple[list[Analysis], float]:
    settings = AiModels()
    if not settings.has_model:
        _end(console, "COMANDA_AI_MODEL and COMANDA_AI_API_KEY must be set: they name the model that is to be measured")
    started = time.monotonic()
    return asyncio.run(analyze_by_model(settings, texts, TODAY)), time.monotonic() - started


def _row(line: Line) -> dict[str, Any]:
    numbers = {"quantity": line.quantity, "quantity_max": line.quantity_max}
    return line.model_dump(mode="json") | {name: None if value is None else float(value) for name, value in numbers.items()}


def write_predictions(file: Path, outcomes: Sequence[Outcome]) -> None:
    """Write a line for each text: its id, intent, lines and confidence."""
    rows = (
        {"id": one.example.id, "intent": one.analysis.intent, "lines": one.lines, "confidence": float(one.analysis.confidence)} for one in outcomes
    )
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def report(measured: Measured, texts_per_second: float, console: Console, *, as_json: bool, examples: int) -> None:
    """Print the figures, and texts that were misunderstood if asked for."""
    if as_json:
        typer.echo(json.dumps(measured.figures | {"texts_per_second": round(texts_per_second)}))
        return
    table = Table(box=None, show_header=False)
    for name, value in measured.figures.items():
        table.add_row(name.replace("_", " "), _shown(value))
    table.add_row("texts a second", f"{texts_per_second:,.0f}")
    console.print(table)
    for kind, texts in measured.failures.items() if examples else ():
        console.print(f"\n[bold]{kind}[/]: {len(texts)}")
        for text in texts[:examples]:
            console.print(f"  {text}", markup=False, soft_wrap=True)


def _shown(value: Any) -> str:  # noqa: ANN401 - a figure or a table of figures
    return "  ".join(f"{name} {share}" for name, share in value.items()) if isinstance(value, dict) else str(value)


def _end(console: Console, sentence: str) -> NoReturn:
    console.print(f"[red]{sentence}[/]", soft_wrap=True)
    raise typer.Exit(1)
