"""How likely a candidate is right: weights that tests/bench/fit_match.py has learned, and the little arithmetic that they need."""

import json
import math
from collections.abc import Sequence
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from services.catalog_matcher.domain.features import NAMES

NOT_ITSELF = {"contradicts", "lacks", "other_numbers", "negated", "unmatched", "beside", "is_alias", "is_example", "other_words"}

SUREST_GUESS = 0.99
NOBODY_NEAR = 8.0
"""Log odds that a candidate is ahead where there is no other."""
ITSELF = tuple(float(name not in NOT_ITSELF) for name in NAMES)
"""What would be said of a candidate that is called just as the phrase."""


class Trees:
    """Boosted regression trees as flat arrays: each node names a feature, a threshold and two children; a leaf is its own child."""

    def __init__(self, table: dict[str, list[float]]) -> None:
        self.roots = np.array(table["roots"], np.int32)
        self.feature = np.array(table["feature"], np.int32)
        self.threshold = np.array(table["threshold"], np.float32)
        self.child = np.array(table["child"], np.int32)
        self.value = np.array(table["value"], np.float32)
        self.depth = int(table["depth"][0])

    def sum(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the sum of all trees for each row."""
        flat = rows.ravel()
        start = (np.arange(len(rows), dtype=np.int32) * rows.shape[1])[:, None]
        at = np.broadcast_to(self.roots, (len(rows), len(self.roots)))
        for _ in range(self.depth):
            at = self.child[2 * at + (flat[start + self.feature[at]] > self.threshold[at])]
        return self.value[at].sum(axis=1)


def _read() -> dict[str, dict[str, list[float]]]:
    return json.loads(resources.files(__package__ or "").joinpath("weights.json").read_text())


_weights = _read()
_trees = Trees(_weights["trees"])
_sure = Trees(_weights["sure"])
_odds, _shares = _weights["calibration"]["odds"], _weights["calibration"]["shares"]


def against_best(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the rows, each with how far it is behind the best in every column."""
    return np.concatenate([rows, rows.max(axis=0) - rows], axis=1)


def values(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the log odds that each candidate is right."""
    return _trees.sum(against_best(rows))


def evidence(row: Sequence[float], best: float, others: Sequence[float], *, by_synonym: bool) -> list[float]:
    """Return what the certainty of a first place follows from: what is said of it, and how far behind the others are."""
    second = max(others, default=best - NOBODY_NEAR)
    share = 1 / (1 + sum(math.exp(min(other - best, 0)) for other in others))
    near = sum(other > best - 1 for other in others)
    return [best, min(best - second, NOBODY_NEAR), share, near, float(by_synonym), *(row or ITSELF)]


def sureness(row: Sequence[float], best: float, others: Sequence[float], *, by_synonym: bool) -> float:
    """Return the share of right answers among first places of such evidence."""
    odds = _sure.sum(np.array([evidence(row, best, others, by_synonym=by_synonym)], np.float32))[0]
    return float(np.interp(odds, _odds, _shares))
