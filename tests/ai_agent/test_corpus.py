"""Wholesale messages as restaurants, bars, cafés and shops write them: how much of them is understood."""

from collections import Counter
from pathlib import Path

from rich.console import Console

from deploy.commands import eval_extract
from deploy.commands.eval_analyzer import Analyzer, Outcome, analyze_all
from schemas.analysis import Intent
from services.ai_agent.analyzer.training.examples import Form

CORPUS = Path(__file__).parent / "corpus"


def outcomes(name: str) -> list[Outcome]:
    return analyze_all(CORPUS / f"{name}.jsonl", {Form.WHOLESALE}, Analyzer.LOCAL, Console())[0]


def test_wholesale_messages_are_understood() -> None:
    figures = eval_extract.measure_wholesale(outcomes("tuning") + outcomes("held_back")).figures
    assert figures["line_f1"] >= 0.95
    assert figures["intent_accuracy"] >= 0.95


def test_messages_that_nothing_was_tuned_or_trained_on_are_understood() -> None:
    figures = eval_extract.measure_wholesale(outcomes("held_back")).figures
    assert figures["line_f1"] >= 0.9
    assert figures["intent_accuracy"] >= 0.9


def test_languages_are_told_apart() -> None:
    found = [(one.example.labels["language"], one.analysis.language) for name in ("tuning", "held_back") for one in outcomes(name)]
    assert sum(told == read for told, read in found) >= 0.95 * len(found)


def test_the_corpus_is_as_large_and_as_varied_as_it_should_be() -> None:
    labels = [one.example.labels for name in ("tuning", "held_back") for one in outcomes(name)]
    assert len(labels) >= 300
    assert min(Counter(row["language"] for row in labels).values()) >= 50
    assert {row["intent"] for row in labels} == set(Intent)
    assert len({(row["language"], row["text"]) for row in labels}) == len(labels)
