"""A confidence that means what it says: how often answers that stated it turned out right. Pure."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

FEWEST_OUTCOMES = 50
"""With fewer, what the model says of itself stands."""
PRIOR = 2.0
"""Outcomes, half of them right, that each step begins with: a handful of lucky ones is no certainty."""
THOUSANDTH = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer that was looked at: what it said of itself, and whether it was right."""

    stated: float
    right: bool


@dataclass(frozen=True, slots=True)
class Calibration:
    """Steps, rising in both: from `stated` on, so many of the answers were right."""

    steps: tuple[tuple[float, float], ...]

    def of(self, stated: Decimal) -> Decimal:
        """Return how likely an answer is right that states this confidence; between two steps in proportion."""
        if not self.steps:
            return stated
        position = bisect_right([step for step, _ in self.steps], float(stated))
        if position == 0:
            return _thousandths(self.steps[0][1])
        if position == len(self.steps):
            return _thousandths(self.steps[-1][1])
        (left, low), (right, high) = self.steps[position - 1], self.steps[position]
        return _thousandths(low + (high - low) * (float(stated) - left) / (right - left))


NONE = Calibration(())


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """What a threshold would have meant: the share handled without a person, and how many of these would have been wrong."""

    threshold: Decimal
    share: float
    error: float


def fit(outcomes: Sequence[Outcome]) -> Calibration:
    """Return the isotonic regression of being right on the stated confidence (pool adjacent violators); of too few outcomes, none."""
    if len(outcomes) < FEWEST_OUTCOMES:
        return NONE
    pools: list[list[float]] = []
    """Each [sum of stated, right, count]."""
    for stated, same in groupby(sorted(outcomes, key=_stated), key=_stated):
        rights = [outcome.right for outcome in same]
        pools.append([stated * len(rights), float(sum(rights)), float(len(rights))])
        while len(pools) > 1 and _rate(pools[-2]) >= _rate(pools[-1]):
            last = pools.pop()
            pools[-1] = [mine + theirs for mine, theirs in zip(pools[-1], last, strict=True)]
    return Calibration(tuple(_monotone([(stated / count, (right + PRIOR / 2) / (count + PRIOR)) for stated, right, count in pools])))


def at_thresholds(outcomes: Sequence[Outcome], calibration: Calibration, step: Decimal = Decimal("0.05")) -> list[AtThreshold]:
    """Return what each threshold from 0 to 1 would have meant for these outcomes."""
    confidences = [(calibration.of(Decimal(str(each.stated))), each.right) for each in outcomes]
    thresholds = [step * number for number in range(int(1 / step) + 1)]
    return [_at(threshold, confidences) for threshold in thresholds]


def recommend(thresholds: Sequence[AtThreshold], most_error: float) -> AtThreshold | None:
    """Return the threshold that handles the largest share with at most this error; None where none does."""
    good = [each for each in thresholds if each.share and each.error <= most_error]
    return max(good, key=lambda each: (each.share, each.threshold), default=None)


def _at(threshold: Decimal, confidences: Sequence[tuple[Decimal, bool]]) -> AtThreshold:
    handled = [right for confidence, right in confidences if confidence >= threshold]
    share = len(handled) / len(confidences) if confidences else 0.0
    return AtThreshold(threshold, share, handled.count(False) / len(handled) if handled else 0.0)


def _stated(outcome: Outcome) -> float:
    return outcome.stated


def _rate(pool: Sequence[float]) -> float:
    return pool[1] / pool[2]


def _monotone(steps: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The prior pulls small pools towards one half, which may put a step below the one before it."""
    rising: list[tuple[float, float]] = []
    for stated, right in steps:
        rising.append((stated, max(right, rising[-1][1]) if rising else right))
    return rising


def _thousandths(value: float) -> Decimal:
    return Decimal(str(value)).quantize(THOUSANDTH)
