"""Which product a phrase means, how sure that is, and what else it might mean."""

import math
from decimal import Decimal

from rapidfuzz import fuzz

from schemas.match import Candidate, Match, MatchingMethod
from services.catalog_matcher.domain.index import Index
from services.catalog_matcher.domain.normalise import Phrase, normalise

ALTERNATIVES = 5
LETTERS_WEIGHT, WORDS_WEIGHT = 0.6, 0.4
"""Of the likeness letter by letter, which misspellings survive, and of the words in common, which left-out words survive."""
CONTRADICTED = 0.6
"""What is left of the score of a product that has another grade than the one asked for."""
LOWEST_CONFIDENCE = 0.35
"""Below this, saying that nothing was found helps more than a guess."""
WORST_ALTERNATIVE = 0.4
INTERCEPT, OF_SCORE, OF_MARGIN = -11.0, 13.2, 14.0
LARGEST_MARGIN = 0.3
"""Fitted by logistic regression on names left out of catalogs, misspellings, and products that another catalog has."""
SUREST_GUESS = 0.99

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
    possible = [(place, score) for place, score in ranked if not index.contradicts(place, phrase)]
    if possible:
        best, score = possible[0]
        confidence = _confidence(score, score - (possible[1][1] if len(possible) > 1 else 0))
        if confidence >= LOWEST_CONFIDENCE:
            return Match(
                method=MatchingMethod.FUZZY_MATCH,
                product=index.products[best],
                score=_three_digits(score),
                confidence=_three_digits(confidence),
                alternatives=_alternatives(index, [each for each in ranked if each[0] != best]),
            )
    return Match(method=MatchingMethod.UNMATCHED, alternatives=_alternatives(index, ranked))


def _rank(index: Index, phrase: Phrase) -> list[tuple[int, float]]:
    """Return products by place with their scores (0 to 1), the best first; each by the best of its names."""
    scores: dict[int, float] = {}
    text = phrase.text
    for naming in index.nearest(phrase):
        score = _likeness(text, naming.phrase.text)
        scores[naming.place] = max(score, scores.get(naming.place, 0))
    fitting = {place: score * CONTRADICTED if index.contradicts(place, phrase) else score for place, score in scores.items()}
    return sorted(fitting.items(), key=lambda each: each[1], reverse=True)


def _likeness(one: str, other: str) -> float:
    letters = max(fuzz.ratio(one, other), fuzz.token_sort_ratio(one, other))
    return (LETTERS_WEIGHT * letters + WORDS_WEIGHT * fuzz.token_set_ratio(one, other)) / 100


def _confidence(score: float, margin: float) -> float:
    """Return the share of right answers among matches of this score, and this far ahead of the next product."""
    odds = math.exp(INTERCEPT + OF_SCORE * score + OF_MARGIN * min(margin, LARGEST_MARGIN))
    return min(odds / (1 + odds), SUREST_GUESS)


def _alternatives(index: Index, ranked: list[tuple[int, float]]) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(product=index.products[place], score=_three_digits(score)) for place, score in ranked[:ALTERNATIVES] if score >= WORST_ALTERNATIVE
    )


def _three_digits(share: float) -> Decimal:
    return Decimal(f"{min(share, 1):.3f}")
