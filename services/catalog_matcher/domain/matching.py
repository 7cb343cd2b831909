"""Which product a phrase means, how sure that is, and what else it might mean."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from schemas.match import Candidate, Match, MatchingMethod
from services.catalog_matcher.domain.history import Alias, Aliases, History, Level
from services.catalog_matcher.domain.index import Index
from services.catalog_matcher.domain.normalise import Phrase, normalise
from services.catalog_matcher.domain.ranking import Ranked, confidence, rank, with_habits
from services.catalog_matcher.domain.segment import Called

ALTERNATIVES = 5
LOWEST_CONFIDENCE = 0.5
"""A product that is more likely wrong than right is no answer; it is named among the alternatives."""
WORST_ALTERNATIVE = 0.25
SURE_OF_CUSTOMER, SURE_OF_TENANT = 0.98, 0.93
"""Of what was learned, where it has never been wrong."""
NO_HISTORY, NO_ALIASES = History(), Aliases()
UNMATCHED = Match(method=MatchingMethod.UNMATCHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A line that asks for a product: the words, and the unit and quantity beside them."""

    phrase: str
    unit: str | None = None
    quantity: Decimal | None = None


def match(
    index: Index,
    phrase: str,
    *,
    unit: str | None = None,
    quantity: Decimal | None = None,
    history: History = NO_HISTORY,
    aliases: Aliases = NO_ALIASES,
    today: date | None = None,
) -> Match:
    """Return the product that `phrase` means: what this customer meant by it, what is called so, what others meant by it, or what is most like it.

    `today` is when it was written, for how lately something was bought.
    """
    wanted = normalise(phrase)
    learned = aliases.of(phrase)
    own = [alias for alias in learned if alias.level is Level.CUSTOMER]
    if found := _learned(index, own):
        return found
    if called := _called(index, phrase, wanted):
        return _exact(called, history, unit, quantity, today)
    if found := _learned(index, learned):
        return found
    ranked = with_habits(rank(index, wanted), history, unit, quantity, today)
    return _nearest(ranked)


def match_many(
    index: Index, wanted: Iterable[Wanted], *, history: History = NO_HISTORY, aliases: Aliases = NO_ALIASES, today: date | None = None
) -> list[Match]:
    """Return the products of one customer's lines, in their order; a line that is asked for twice is looked up once."""
    found: dict[Wanted, Match] = {}
    matches: list[Match] = []
    for line in wanted:
        if line not in found:
            found[line] = match(index, line.phrase, unit=line.unit, quantity=line.quantity, history=history, aliases=aliases, today=today)
        matches.append(found[line])
    return matches


def _learned(index: Index, aliases: Iterable[Alias]) -> Match | None:
    """Return the strongest of these whose product is offered. Where they name several products, none is as sure."""
    offered = [(alias, product) for alias in aliases if (product := index.product_of(alias.product_id))]
    if not offered:
        return None
    (first, product), *others = offered
    rivals = [alias.strength for alias, other in others if alias.level is first.level and other.product_id != product.product_id]
    sure = SURE_OF_CUSTOMER if first.level is Level.CUSTOMER else SURE_OF_TENANT
    share = first.strength / (first.strength + max(rivals, default=0)) if first.strength > 0 else 0
    return Match(
        method=MatchingMethod.LEARNED,
        product=product,
        score=Decimal(1),
        confidence=_three_digits(sure * min(1, first.strength) * share),
        alternatives=_distinct(Candidate(product=other, score=_three_digits(alias.strength), reasons=("learned",)) for alias, other in others),
    )


def _distinct(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    return tuple({candidate.product.product_id: candidate for candidate in candidates}.values())[:ALTERNATIVES]


def _called(index: Index, text: str, phrase: Phrase) -> list[Ranked]:
    """Return the products that are called just this, of those only that are called so in the strongest sense."""
    found = [(called, part.segment, place) for part in index.parts for place, called in part.exactly(text, phrase).items()]
    strongest = min((called for called, _, _ in found), default=Called.SKU)
    return [Ranked(segment, place, 0.0) for called, segment, place in found if called is strongest]


def _exact(called: list[Ranked], history: History, unit: str | None, quantity: Decimal | None, today: date | None) -> Match:
    """Return the product of this name. Several of the same name share the certainty, unless the customer buys one of them."""
    first, *others = with_habits(called, history, unit, quantity, today)
    sure = 1 / len(called) if not others or first.bonus == others[0].bonus else confidence([first, *others])
    return Match(
        method=MatchingMethod.EXACT_MATCH,
        product=first.product,
        score=Decimal(1),
        confidence=_three_digits(sure),
        alternatives=tuple(Candidate(product=each.product, score=Decimal(1), reasons=("same_words", *each.habits)) for each in others[:ALTERNATIVES]),
    )


def _nearest(ranked: list[Ranked]) -> Match:
    best = next((each for each in ranked if not each.contradicts), None)
    sure = confidence([best, *(each for each in ranked if each is not best)]) if best else 0
    if best is None or sure < LOWEST_CONFIDENCE:
        return Match(method=MatchingMethod.UNMATCHED, alternatives=_alternatives(ranked))
    return Match(
        method=MatchingMethod.FUZZY_MATCH,
        product=best.product,
        score=_three_digits(best.likeness),
        confidence=_three_digits(sure),
        alternatives=_alternatives([each for each in ranked if each is not best]),
    )


def _alternatives(ranked: list[Ranked]) -> tuple[Candidate, ...]:
    """Return the likeliest, in their order; a score is never above the one before it."""
    candidates: list[Candidate] = []
    score = 1.0
    for each in ranked[:ALTERNATIVES]:
        score = min(score, each.likeness)
        if score < WORST_ALTERNATIVE:
            break
        candidates.append(Candidate(product=each.product, score=_three_digits(score), reasons=each.reasons))
    return tuple(candidates)


def _three_digits(share: float) -> Decimal:
    return Decimal(f"{min(share, 1):.3f}")
