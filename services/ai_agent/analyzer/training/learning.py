"""Weights of intents by logistic regression, and tables of how often readings are right."""

import json
import math
import zlib
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix, diags, vstack
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold

from schemas.analysis import Intent, Line, Operation
from services.ai_agent.analyzer.confidence import kinds, line_confidence, score
from services.ai_agent.analyzer.features import BUCKETS, FINDINGS, features
from services.ai_agent.analyzer.intents import LINE_INTENTS, read_intent
from services.ai_agent.analyzer.learned import Learned
from services.ai_agent.analyzer.messages import Message
from services.ai_agent.analyzer.training.examples import Example, Form
from services.ai_agent.analyzer.training.marks import mark_line, mark_message, mark_wholesale
from services.ai_agent.analyzer.verdicts import decide, is_ruled

FOLDS = 5
WORDLESS_WEIGHT = 0.1
"""Each message is also shown without its words, so that what the grammar finds counts for texts with words that were never seen."""
_WORDS_SCALE, _FINDING_SCALE = 3.0, 0.5
_REGULARIZATION = 3.0
_ROUNDS = 100
_TOLERANCE = 1e-3
_LEAST_LINES = 25
_LARGEST = 127
_BINS = 10
_NOTHING_LEARNED = Learned((Intent.OTHER,), (0.0,), (0.0,), (array("b", bytes(BUCKETS + FINDINGS)),), {}, ())


class _Read(NamedTuple):
    example: Example
    message: Message
    spoken: Intent
    intent: Intent | None
    words: list[int]
    grammar: list[int]


class _Judged(NamedTuple):
    """An analysis of an example: whether its intent and each of its lines are right, and whether all is."""

    likelihood: float
    lines: Sequence[Line]
    marks: Sequence[bool]
    right: bool
    form: Form

    def counted(self) -> Iterator[tuple[Line, bool]]:
        """The lines that tell how often lines are right.

        Left out are ranges, right by either end; products without a quantity where a file has only products; changes where it has only intents.
        """
        for line, mark in zip(self.lines, self.marks, strict=True):
            if (
                line.quantity_max is not None
                or (self.form is Form.LINE and line.quantity is None)
                or (self.form is Form.INTENT and line.operation is not Operation.ADD)
            ):
                continue
            yield line, mark


def learn(examples: Sequence[Example]) -> tuple[Learned, dict[str, Any]]:
    """Learn from all examples; the figures are of examples that were held back, fold by fold."""
    read = [_read(example) for example in examples]
    labelled = [one for one in read if one.intent is not None]
    likely = _out_of_fold(labelled)
    model = _fit(labelled)
    judged = [_judge(one, *likely.get(id(one), decide(model, one.message))) for one in read]
    tables = _tables(judged)
    figures = _figures(labelled, likely) | _calibration(judged)
    return model._replace(lines=tables[0], analyses=tables[1]), figures


def write(learned: Learned, file: Path) -> None:
    """Write what `Learned.load` reads."""
    header = {
        "intents": learned.intents,
        "biases": learned.biases,
        "steps": learned.steps,
        "lines": learned.lines,
        "analyses": learned.analyses,
    }
    table = b"".join(array("b", row).tobytes() for row in learned.weights)
    file.write_bytes(json.dumps(header, sort_keys=True).encode() + b"\n" + zlib.compress(table, 9))


def _read(example: Example) -> _Read:
    """An example with its intent, if it has one: to name nothing but a product is to order it."""
    message = Message.read(example.text)
    spoken, _ = read_intent(message.meant, message.lines, complete=message.complete)
    told = example.labels.get("intent", Intent.ORDER if example.form is Form.LINE and example.labels["quantity"] is None else None)
    intent = None if told is None else Intent(told)
    return _Read(example, message, spoken, intent, *features(message.tokens, message.lines, spoken, complete=message.complete))


def _matrix(read: Sequence[_Read]) -> csr_matrix:
    """A row for each example: 1 / sqrt(n) at each of its n words, 1 at each finding."""
    columns: list[int] = []
    values: list[float] = []
    ends = [0]
    for one in read:
        columns += [*one.words, *one.grammar]
        values += [1 / math.sqrt(len(one.words) or 1)] * len(one.words) + [1.0] * len(one.grammar)
        ends.append(len(columns))
    return csr_matrix((values, columns, ends), shape=(len(read), BUCKETS + FINDINGS))


def _fit(read: Sequence[_Read]) -> Learned:
    told = np.array([str(one.intent) for one in read])
    plain = _matrix(read)
    rarity = np.log((1 + len(read)) / (1 + plain.getnnz(axis=0))) + 1
    is_word = np.arange(BUCKETS + FINDINGS) < BUCKETS
    scale = np.where(is_word, _WORDS_SCALE * rarity, _FINDING_SCALE)
    shown = vstack([plain @ diags(scale), plain @ diags(np.where(is_word, 0, scale))]).tocsr()
    model = LogisticRegression(C=_REGULARIZATION, max_iter=_ROUNDS, tol=_TOLERANCE)
    model.fit(shown, np.r_[told, told], sample_weight=np.r_[np.ones(len(read)), np.full(len(read), WORDLESS_WEIGHT)])
    table = model.coef_ * scale
    steps = [float(np.abs(row).max()) / _LARGEST for row in table]
    rows = tuple(array("b", np.rint(row / step).astype(np.int8).tobytes()) for row, step in zip(table, steps, strict=True))
    return Learned(tuple(map(Intent, model.classes_)), tuple(float(bias) for bias in np.ravel(model.intercept_)), tuple(steps), rows, {}, ())


def _out_of_fold(read: Sequence[_Read]) -> dict[int, tuple[Intent, float]]:
    """For each example the intent that a model says which has not seen it."""
    told = [str(one.intent) for one in read]
    found: dict[int, tuple[Intent, float]] = {}
    for seen, held in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(np.zeros(len(read)), told):
        model = _fit([read[at] for at in seen])
        for at in held:
            found[id(read[at])] = decide(model, read[at].message)
    return found


def _judge(one: _Read, intent: Intent, likelihood: float) -> _Judged:
    lines = one.message.lines if intent in LINE_INTENTS else ()
    rows = [line.model_dump(mode="json") | {"quantity": _number(line.quantity), "quantity_max": _number(line.quantity_max)} for line in lines]
    labels, is_right = one.example.labels, one.intent in {None, intent}
    if one.example.form is Form.INTENT:
        return _Judged(likelihood, lines, [intent is one.intent] * len(lines), is_right, one.example.form)
    if one.example.form is Form.WHOLESALE:
        marks = mark_wholesale(labels, rows)
        return _Judged(likelihood, lines, marks, is_right and all(marks) and len(marks) == len(labels["lines"]), one.example.form)
    if one.example.form is Form.LINE:
        marks = [mark_line(labels, row).all_right for row in rows[:1]] + [False] * (len(rows) - 1)
        return _Judged(likelihood, lines, marks, all(marks) and bool(marks), one.example.form)
    marked = mark_message(labels["items"], rows)
    alone = [mark_message(labels["items"], [row]).quantity == 1 for row in rows]
    return _Judged(likelihood, lines, alone, marked.exact, one.example.form)


def _number(value: Any) -> float | None:  # noqa: ANN401 - a Decimal or nothing
    return None if value is None else float(value)


def _tables(judged: Sequence[_Judged]) -> tuple[dict[str, float], tuple[tuple[float, float], ...]]:
    counts: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for one in judged:
        for line, mark in one.counted():
            counts.update(kinds(line))
            right.update(kinds(line) if mark else ())
    lines = {kind: round((right[kind] + 1) / (count + 2), 3) for kind, count in sorted(counts.items()) if count >= _LEAST_LINES}
    model = _NOTHING_LEARNED._replace(lines=lines)
    scores = [_score(model, one) for one in judged]
    curve = IsotonicRegression(y_min=0, y_max=1).fit(scores, [one.right for one in judged])
    knots: dict[float, float] = {}
    for at, value in zip(curve.X_thresholds_, curve.y_thresholds_, strict=True):
        knots.setdefault(round(float(value), 3), round(float(at), 4))
    return lines, tuple((at, value) for value, at in sorted(knots.items()))


def _score(model: Learned, one: _Judged) -> float:
    return score(one.likelihood, [line.model_copy(update={"confidence": line_confidence(model, line)}) for line in one.lines])


def _figures(read: Sequence[_Read], likely: dict[int, tuple[Intent, float]]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for form in (Form.INTENT, Form.WHOLESALE):
        rows = [one for one in read if one.example.form is form]
        if not rows:
            continue
        told, found = [str(one.intent) for one in rows], [str(likely[id(one)][0]) for one in rows]
        ruled = sum(is_ruled(one.message, one.spoken) for one in rows)
        right = sum(one == other for one, other in zip(told, found, strict=True))
        figures[f"{form}: held back texts, accuracy, macro F1, decided by rules"] = (
            len(rows),
            round(right / (len(rows) or 1), 4),
            round(float(f1_score(told, found, average="macro")), 4),
            ruled,
        )
    return figures


def _calibration(judged: Sequence[_Judged]) -> dict[str, Any]:
    """Expected calibration errors on each second example, of tables from the others."""
    held = judged[1::2]
    lines, analyses = _tables(judged[::2])
    model = _NOTHING_LEARNED._replace(lines=lines, analyses=analyses)
    of_lines = [(float(line_confidence(model, line)), mark) for one in held for line, mark in one.counted()]
    of_analyses = [(float(model.analysis_confidence(_score(model, one))), one.right) for one in held]
    return {"lines: calibration error": calibration_error(of_lines), "analyses: calibration error": calibration_error(of_analyses)}


def calibration_error(pairs: Sequence[tuple[float, bool]]) -> float:
    """The mean distance, over ten bins of confidence, between what was claimed and what was right."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for claimed, right in pairs:
        bins.setdefault(min(int(claimed * _BINS), _BINS - 1), []).append((claimed, right))
    distances = (abs(sum(claimed for claimed, _ in found) - sum(right for _, right in found)) for found in bins.values())
    return round(sum(distances) / (len(pairs) or 1), 4)
