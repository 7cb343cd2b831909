"""Which product a phrase means, how sure that is, and what else it might mean."""

import math
from dataclasses import dataclass
from decimal import Decimal

from rapidfuzz import fuzz

from schemas.match import Candidate, Match, MatchingMethod
from services.catalog_matcher.domain.index import Fit, Index
from services.catalog_matcher.domain.normalise import Phrase, normalise

ALTERNATIVES = 5
LETTERS_WEIGHT, WORDS_WEIGHT = 0.6, 0.4
"""Of the likeness letter by letter, which misspellings survive, and of the words in common, which left-out words survive."""
LEFT_OF_SCORE = {Fit.HAS: 1.0, Fit.LACKS: 0.85, Fit.CONTRADICTS: 0.6}
"""A product that is not of the grade asked for loses some of its score; one of another grade is never the match."""
LOWEST_CONFIDENCE = 0.5
"""A product that is more likely wrong than right is no answer; it is named among the alternatives."""
WORST_ALTERNATIVE = 0.4
INTERCEPT, OF_SCORE, OF_MARGIN = -11.0, 13.2, 14.0
LARGEST_MARGIN = 0.3
"""Fitted by logistic regression on names left out of catalogs, misspellings, and products that another catalog has."""
SUREST_GUESS = 0.99


@dataclass(frozen=True, slots=True)
class Ranked:
    """A product that a phrase resembles."""

    place: int
    likeness: float
    """Of the names alone, 0 to 1."""
    fit: Fit

    @property
    def score(self) -> float:
        """The likeness, less what a grade that was asked for costs."""
        return self.likeness * LEFT_OF_SCORE[self.fit]


UNMATCHED = Match(method=MatchingMethod.UNMATCHED)


def match(index: Index, text: str) -> Match:
    """Return the product that `text` means. Exactly one product of that name is certain; several of the same name share the certainty."""
    phrase = normalise(text)
    places = index.exactly(text, phrase)
    if places:
        return _exact(index, places)
    return _fuzzy(index, phrase)


def _exact(index: Index, places: tuple[int, ...]) -> Match:
    first, *others = places
    return Match(
        method=MatchingMethod.EXACT_MATCH,
        product=index.products[first],
        score=Decimal(1),
        confidence=_three_digits(1 / len(places)),
        alternatives=tuple(Candidate(product=index.products[place], score=Decimal(1)) for place in others[:ALTERNATIVES]),
    )


def _fuzzy(index: Index, phrase: Phrase) -> Match:
    ranked = _rank(index, phrase)
    best = next((each for each in ranked if each.fit is not Fit.CONTRADICTS), None)
    confidence = _confidence(best.score, best.score - _rival(best, ranked)) if best else 0
    if best is None or confidence < LOWEST_CONFIDENCE:
        return Match(method=MatchingMethod.UNMATCHED, alternatives=_alternatives(index, ranked))
    return Match(
        method=MatchingMethod.FUZZY_MATCH,
        product=index.products[best.place],
        score=_three_digits(best.score),
        confidence=_three_digits(confidence),
        alternatives=_alternatives(index, [each for each in ranked if each is not best]),
    )


def _rank(index: Index, phrase: Phrase) -> list[Ranked]:
    """Return the products that resemble the phrase, the best first; each by the best of its names."""
    likeness: dict[int, float] = {}
    for naming in index.nearest(phrase):
        likeness[naming.place] = max(_likeness(phrase, naming.phrase), likeness.get(naming.place, 0))
    ranked = [Ranked(place, share, index.fit(place, phrase)) for place, share in likeness.items()]
    return sorted(ranked, key=lambda each: each.score, reverse=True)


def _rival(best: Ranked, ranked: list[Ranked]) -> float:
    """Return how well the next product does. Where `best` lacks the grade itself, those of another grade count as much as their names do."""
    others = (each.score if best.fit is Fit.HAS else each.likeness for each in ranked if each is not best)
    return max(others, default=0)


def _likeness(one: Phrase, other: Phrase) -> float:
    letters = max(fuzz.ratio(one.text, other.text), fuzz.ratio(one.in_order, other.in_order))
    return (LETTERS_WEIGHT * letters + WORDS_WEIGHT * fuzz.token_set_ratio(one.text, other.text)) / 100


def _confidence(score: float, margin: float) -> float:
    """Return the share of right answers among matches of this score, and this far ahead of the next product."""
    odds = math.exp(INTERCEPT + OF_SCORE * score + OF_MARGIN * min(margin, LARGEST_MARGIN))
    return min(odds / (1 + odds), SUREST_GUESS)


def _alternatives(index: Index, ranked: list[Ranked]) -> tuple[Candidate, ...]:
    near = [each for each in ranked[:ALTERNATIVES] if each.score >= WORST_ALTERNATIVE]
    return tuple(Candidate(product=index.products[each.place], score=_three_digits(each.score)) for each in near)


def _three_digits(share: float) -> Decimal:
    return Decimal(f"{min(share, 1):.3f}")
