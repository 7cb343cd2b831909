"""The products that a phrase might mean, the likeliest first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property

import numpy as np

from schemas.match import Product
from services.catalog_matcher.domain import candidates, scoring
from services.catalog_matcher.domain.features import NAMES, features
from services.catalog_matcher.domain.history import History
from services.catalog_matcher.domain.index import Index
from services.catalog_matcher.domain.normalise import Phrase
from services.catalog_matcher.domain.segment import Segment
from services.catalog_matcher.domain.synonyms import variants

KEPT = 8
"""Products that are looked at more closely."""
UNSURE = 0.8
"""Below this the phrase is tried again under other names of the same thing."""
VARIANT_COST = 1.0
HABIT, SAME_UNIT, NOT_AVAILABLE = 2.5, 0.3, -0.7
"""What speaks for or against a product beside its names; 1 is as good as odds of 2.7 to 1."""
AT = {name: number for number, name in enumerate(NAMES)}
DOUBTED = 0.65
"""How sure to be at most of a product that has numbers, but not the one that the phrase names."""
BARELY_COVERED, UNLIKELY = 0.5, 0.4
"""How sure to be at most of a product that has hardly anything of what was asked for."""
LIKENESS = {"query_covered": 0.5, "letters_in_order": 0.3, "name_covered": 0.2}


@dataclass
class Ranked:
    """A product, and how well it does against the others: `value` by its names, `bonus` by the customer's habits, its unit and its stock."""

    segment: Segment
    place: int
    value: float
    row: tuple[float, ...] = ()
    """What `features` says of the best of its names; nothing where the phrase is its name."""
    bonus: float = 0.0
    habits: tuple[str, ...] = ()
    by_synonym: bool = False

    @cached_property
    def product(self) -> Product:
        """The product itself."""
        return self.segment.product(self.place)

    @property
    def total(self) -> float:
        """All that speaks for it."""
        return self.value + self.bonus

    @property
    def contradicts(self) -> bool:
        """Whether it is of another grade than the phrase names."""
        return bool(self.row) and self.row[AT["contradicts"]] > 0

    @property
    def likeness(self) -> float:
        """How alike the phrase and the name are, 0 to 1."""
        return sum(share * self.row[AT[name]] for name, share in LIKENESS.items()) if self.row else 1.0

    @property
    def reasons(self) -> tuple[str, ...]:
        """What speaks for it and against it, in a word each."""
        row = dict(zip(NAMES, self.row, strict=True)) if self.row else {}
        says = {
            "synonym": self.by_synonym,
            "same_words": row.get("query_covered", 1) > EVERY,
            "some_words": row.get("exact", 0) > 0 and row.get("query_covered", 1) <= EVERY,
            "spelling": row.get("exact", 1) + row.get("unmatched", 0) < 1,
            "more_words": row.get("other_words", 0) > 0,
            "other_grade": row.get("contradicts", 0) > 0,
            "grade_not_named": row.get("lacks", 0) > 0,
            "alias": row.get("is_alias", 0) > 0,
        }
        return (*(word for word, holds in says.items() if holds), *self.habits)


EVERY, COVERED = 0.98, 0.85
"""From which share of the phrase on all of it stands in a name, or near enough that no other name of the thing is looked for."""


def rank(index: Index, phrase: Phrase) -> list[Ranked]:
    """Return the products that resemble the phrase or another name of the same thing."""
    ranked = _rank(index, phrase)
    if any(each.row[AT["query_covered"]] > COVERED for each in ranked) or (ranked and confidence(ranked) >= UNSURE):
        return ranked
    best = {(id(each.segment), each.place): each for each in ranked}
    for words in variants(phrase.words):
        text = " ".join(words)
        for each in _rank(index, Phrase(words, text, phrase.grades, text)):
            other = replace(each, value=each.value - VARIANT_COST, by_synonym=True)
            key = (id(each.segment), each.place)
            if key not in best or other.value > best[key].value:
                best[key] = other
    return sorted(best.values(), key=lambda each: -each.value)[:KEPT]


def with_habits(ranked: Sequence[Ranked], history: History, unit: str | None, quantity: Decimal | None, today: date | None) -> list[Ranked]:
    """Return the products with what speaks for them beside their names, the likeliest first."""
    weighed = [_weighed(each, history, unit, quantity, today) for each in ranked]
    return sorted(weighed, key=lambda each: -each.total)


def confidence(ranked: Sequence[Ranked]) -> float:
    """Return the share of right answers among first places that look like this one."""
    first, *others = ranked
    sure = scoring.sureness(first.row, first.total, [each.total for each in others], by_synonym=first.by_synonym)
    if not first.row:
        return sure
    if first.row[AT["query_covered"]] < (COVERED if first.by_synonym else BARELY_COVERED):
        return min(sure, UNLIKELY)
    another_number = first.row[AT["lacks"]] > 0 and first.row[AT["other_numbers"]] > 0
    return min(sure, DOUBTED) if another_number else sure


def _rank(index: Index, phrase: Phrase) -> list[Ranked]:
    found = [(part.segment, near) for part in index.parts if (near := candidates.find(part.segment, phrase.words, part.gone))]
    if not found:
        return []
    looked_at = [(segment, *features(segment, near, phrase)) for segment, near in found]
    rows = np.concatenate([rows for _, _, rows in looked_at])
    values = scoring.values(rows)
    segments = [segment for segment, namings, _ in looked_at for _ in namings]
    places = [place for segment, namings, _ in looked_at for place in segment.place[namings].tolist()]
    ranked: dict[tuple[int, int], Ranked] = {}
    listed = rows.tolist()
    for at in np.argsort(-values, kind="stable").tolist():
        key = (id(segments[at]), places[at])
        if key not in ranked:
            ranked[key] = Ranked(segments[at], places[at], float(values[at]), tuple(listed[at]))
            if len(ranked) == KEPT:
                break
    return list(ranked.values())


def _weighed(each: Ranked, history: History, unit: str | None, quantity: Decimal | None, today: date | None) -> Ranked:
    bonus, habits = 0.0, list[str]()
    if not each.segment.available[each.place]:
        bonus, habits = NOT_AVAILABLE, ["not_available"]
    if history.purchases and (purchase := history.purchases.get(each.segment.product_id(each.place))):
        bonus += HABIT * purchase.habit(unit, quantity, today)
        habits.append("bought_before")
    if unit and each.product.unit == unit:
        bonus += SAME_UNIT
        habits.append("same_unit")
    return replace(each, bonus=bonus, habits=tuple(habits)) if habits else each
