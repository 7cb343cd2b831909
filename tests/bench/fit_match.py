"""Learn the weights of the matching engine: `python -m tests.bench.fit_match --data DIR [--write]`.

DIR is a folder as `comanda eval match` takes it; catalogs made by combination come on top. Every figure that it prints is of phrases that were
left out while learning. Only numbers are kept of what it reads.
"""

import argparse
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.isotonic import IsotonicRegression

from deploy.commands.eval_match import MatchSet, calibration_error, sets
from services.catalog_matcher.domain import candidates, scoring
from services.catalog_matcher.domain.features import features
from services.catalog_matcher.domain.normalise import normalise
from services.catalog_matcher.domain.segment import Segment
from tests.bench import groceries

WEIGHTS = Path("services/catalog_matcher/domain/weights.json")
FOLDS = 3
ABSENT = 30
"""Of so many phrases one is asked of a catalog that lacks its product, so that confidence learns what not having it looks like."""
EVEN = 700
"""Phrases of a set that are left out of no account: those of smaller sets count more, twice at most."""
NOWHERE = "of products that the catalog lacks"
SURE_ENOUGH = 0.7
WANTED_RIGHT = 0.981
TREES = HistGradientBoostingClassifier(
    max_iter=70,
    max_leaf_nodes=12,
    max_depth=6,
    learning_rate=0.12,
    min_samples_leaf=25,
    l2_regularization=2,
    early_stopping=False,  # pyright: ignore[reportArgumentType] - its type is inferred from the default
    random_state=1,
)
SURE = HistGradientBoostingClassifier(
    max_iter=40,
    max_leaf_nodes=6,
    max_depth=4,
    learning_rate=0.1,
    min_samples_leaf=30,
    l2_regularization=5,
    early_stopping=False,  # pyright: ignore[reportArgumentType] - its type is inferred from the default
    random_state=1,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A phrase's candidates, and which of them are right."""

    set_name: str
    rows: NDArray[np.float32]
    right: NDArray[np.bool_]


def main() -> None:
    """Learn, print what comes out on phrases left out, and write the weights if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--made", type=int, default=400, help="phrases of each made catalog and kind")
    parser.add_argument("--write", action="store_true")
    wanted = parser.parse_args()
    asked = [each for given in [*sets(wanted.data), *_made(wanted.data, wanted.made)] for each in _collect(given)]
    folds = _folds(asked)
    values: list[NDArray[np.float32]] = [np.empty(0, np.float32)] * len(asked)
    for fold in range(FOLDS):
        trees = scoring.Trees(_export(_fit([each for each, of in zip(asked, folds, strict=True) if of != fold and each.set_name != NOWHERE])))
        for at in np.flatnonzero(folds == fold):
            values[at] = trees.sum(scoring.against_best(asked[at].rows))
    for name in dict.fromkeys(each.set_name for each in asked):
        firsts = [each.right[value.argmax()] for each, value in zip(asked, values, strict=True) if each.set_name == name]
        print(f"{name}: recall@1 {np.mean(firsts):.4f} of {len(firsts)} phrases that were left out")  # noqa: T201
    sure = _sureness(asked, values, folds)
    if wanted.write:
        WEIGHTS.write_text(json.dumps({"trees": _export(_fit([each for each in asked if each.set_name != NOWHERE])), **sure}) + "\n")


def _folds(asked: Sequence[Asked]) -> NDArray[np.int64]:
    """Deal the phrases out; one that is asked twice stays in one fold."""
    folds = np.random.default_rng(7).integers(0, FOLDS, len(asked))
    for at in range(1, len(asked)):
        if asked[at].set_name == NOWHERE:
            folds[at] = folds[at - 1]
    return folds


def _made(data: Path, count: int) -> Sequence[MatchSet]:
    given = tuple(row["name"] for each in sets(data) for row in each.products)
    made: list[MatchSet] = []
    for size, seed, names in ((50_000, 101, given), (25_000, 102, ())):
        chance = random.Random(seed)
        catalog = groceries.catalog(size, chance, names)
        made += [groceries.as_set(f"{kind.__name__} {size}", kind(catalog, count, chance)) for kind in (groceries.noisy, groceries.plain)]
    return made


def _collect(given: MatchSet) -> list[Asked]:
    segment = Segment(given.entries())
    asked: list[Asked] = []
    for number, (qid, query) in enumerate(given.queries):
        phrase = normalise(query)
        found = candidates.find(segment, phrase.words)
        if not found:
            continue
        namings, rows = features(segment, found, phrase)
        skus = [segment.product(place).sku for place in segment.place[namings].tolist()]
        right = np.array([sku in given.gold[qid] for sku in skus])
        asked.append(Asked(given.name, rows, right))
        if number % ABSENT == 0 and not right.all():
            asked.append(Asked(NOWHERE, rows[~right], right[~right]))
    return asked


def _fit(asked: Sequence[Asked]) -> HistGradientBoostingClassifier:
    every = np.concatenate([scoring.against_best(each.rows) for each in asked])
    sizes = Counter(each.set_name for each in asked)
    weights = np.concatenate([np.full(len(each.rows), np.clip(EVEN / sizes[each.set_name], 1, 2)) for each in asked])
    return TREES.fit(every, np.concatenate([each.right for each in asked]), sample_weight=weights)


def _export(trees: HistGradientBoostingClassifier) -> dict[str, list[float]]:
    table: dict[str, list[Any]] = {"roots": [], "feature": [], "threshold": [], "child": [], "value": [], "depth": [0]}
    first = float(np.ravel(trees._baseline_prediction)[0])  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue, reportArgumentType] - they are nowhere public
    for (predictor,) in trees._predictors:  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue, reportArgumentType] - they are nowhere public
        offset = len(table["feature"])
        table["roots"].append(offset)
        for at, node in enumerate(predictor.nodes):
            leaf = bool(node["is_leaf"])
            table["feature"].append(0 if leaf else int(node["feature_idx"]))
            table["threshold"].append(0.0 if leaf else round(float(node["num_threshold"]), 6))
            table["child"] += [offset + at] * 2 if leaf else [offset + int(node["left"]), offset + int(node["right"])]
            table["value"].append(round(float(node["value"]) + first / len(trees._predictors), 6) if leaf else 0.0)  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue, reportArgumentType] - they are nowhere public
            table["depth"] = [max(table["depth"][0], int(node["depth"]))]
    return table


def _sureness(asked: Sequence[Asked], values: Sequence[NDArray[np.float32]], folds: NDArray[np.int64]) -> dict[str, dict[str, list[float]]]:
    """Fit how sure to be of a first place, from the values that others' phrases have given."""
    evidence: list[list[float]] = []
    right: list[bool] = []
    told_apart = [not each.set_name.startswith(groceries.plain.__name__) for each in asked]
    """A phrase that many products fit is rightly doubted, whichever of them comes first."""
    asked = [each for each, keep in zip(asked, told_apart, strict=True) if keep]
    values = [value for value, keep in zip(values, told_apart, strict=True) if keep]
    folds = folds[told_apart]
    for each, value in zip(asked, values, strict=True):
        order = np.argsort(-value, kind="stable")
        others = [float(value[at]) for at in order[1:]]
        evidence.append(scoring.evidence(each.rows[order[0]].tolist(), float(value[order[0]]), others, by_synonym=False))
        right.append(bool(each.right[order[0]]))
    every, truth = np.array(evidence, np.float32), np.array(right)
    left_out = np.zeros(len(truth))
    for fold in range(FOLDS):
        model = SURE.fit(every[folds != fold], truth[folds != fold])
        left_out[folds == fold] = model.decision_function(every[folds == fold])
    smooth = IsotonicRegression(out_of_bounds="clip").fit(left_out, truth)
    grid = np.unique(np.quantile(left_out, np.linspace(0, 1, 61)))
    shares = _careful(grid, np.clip(smooth.predict(grid), 0.01, scoring.SUREST_GUESS), left_out, truth)
    told = np.interp(left_out, grid, shares)
    for name in dict.fromkeys(each.set_name for each in asked):
        of_set = np.array([each.set_name == name for each in asked])
        sure = of_set & (told >= SURE_ENOUGH)
        error = calibration_error(zip(told[of_set].tolist(), truth[of_set].tolist(), strict=True))
        print(f"{name}: {sure.sum() / of_set.sum():.3f} accepted, {truth[sure].mean() if sure.any() else 1:.4f} of them right, error {error:.3f}")  # noqa: T201
    sure = told >= SURE_ENOUGH
    error = calibration_error(zip(told.tolist(), truth.tolist(), strict=True))
    print(f"all: {sure.mean():.3f} accepted, {truth[sure].mean():.4f} of them right, error {error:.3f}")  # noqa: T201
    return {"sure": _export(SURE.fit(every, truth)), "calibration": {"odds": grid.tolist(), "shares": shares.tolist()}}


def _careful(grid: NDArray[Any], shares: NDArray[Any], odds: NDArray[Any], right: NDArray[np.bool_]) -> NDArray[Any]:
    """Hold back below the default threshold what, taken together with all that is surer, would not be right often enough."""
    order = np.argsort(-odds)
    so_far = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(so_far >= WANTED_RIGHT)
    least = odds[order][enough[-1]] if len(enough) else odds.max()
    print(f"{len(enough) and (enough[-1] + 1) / len(order):.3f} of all are surer than the default threshold")  # noqa: T201
    below = np.minimum(shares, SURE_ENOUGH - 0.01)
    return np.where(grid >= least, np.maximum(shares, SURE_ENOUGH), below)


if __name__ == "__main__":
    main()
