"""How likely a candidate is right: weights that tests/bench/fit_match.py has learned, and the little arithmetic that they need."""

import json
import math
from collections.abc import Sequence
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from services.catalog_matcher.domain.features import NAMES

SUREST_GUESS = 0.99


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
_sure = _weights["sure"]


def against_best(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the rows, each with how far it is behind the best in every column."""
    return np.concatenate([rows, rows.max(axis=0) - rows], axis=1)


def values(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the log odds that each candidate is right."""
    return _trees.sum(against_best(rows))


def evidence(row: Sequence[float], best: float, others: Sequence[float], *, by_synonym: bool) -> list[float]:
    """Return what the certainty of a first place follows from."""
    named = dict(zip(NAMES, row, strict=True)) if row else {}
    second = max(others, default=best - 8)
    share = 1 / (1 + sum(math.exp(min(other - best, 0)) for other in others))
    margin = min(best - second, 6.0)
    return [
        max(min(best, 6.0), -6.0), margin, share, share * share, named.get("query_covered", 1), named.get("name_covered", 1), named.get("unmatched", 0),
        named.get("contradicts", 0), named.get("lacks", 0), named.get("letters_in_order", 1), named.get("negated", 0), float(by_synonym), named.get("exact", 1),
    ]  # fmt: skip


def sureness(row: Sequence[float], best: float, others: Sequence[float], *, by_synonym: bool) -> float:
    """Return the share of right answers among first places of such evidence."""
    odds = _sure["bias"][0] + sum(weight * each for weight, each in zip(_sure["weights"], evidence(row, best, others, by_synonym=by_synonym), strict=True))
    return float(np.interp(odds, _sure["odds"], _sure["shares"]))
