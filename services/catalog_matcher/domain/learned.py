"""What customers call products: which of the things that they once called so is meant now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from schemas.match import Match, MatchingMethod, Product

CUSTOMERS_THAT_AGREE = 3
SHARE_THAT_AGREES = 0.75
"""Of a tenant's customers who call something so: from this share on the others are taken to mean the same."""
SUREST = Decimal("0.99")
OF_OTHERS = Decimal("0.9")


class Source(StrEnum):
    """How a name was learned; of a customer's several products of that name, the source named first here wins, then what was used last."""

    MANUAL = "MANUAL"
    CORRECTION = "CORRECTION"
    CONFIRMED = "CONFIRMED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A product that a phrase is the name of: to so many customers, and to the one who writes, where `source` says so."""

    product: Product
    customers: int
    source: Source | None = None
    times_confirmed: int = 0
    times_rejected: int = 0
    last_used_at: datetime | None = None

    @property
    def confidence(self) -> Decimal:
        """How sure it is that the writer means it: every rejection takes away."""
        confirmed = max(self.times_confirmed, 1)
        return min(SUREST, round(Decimal(confirmed + 1) / Decimal(confirmed + 1 + self.times_rejected), 3))


@dataclass(frozen=True, slots=True)
class Recalled:
    """What a phrase was learned to mean: by the writer's own use, or by that of `others`."""

    match: Match
    of_others: bool


def recall(known: Sequence[Known]) -> Recalled | None:
    """Return what a phrase means by all that it is known for; None where neither the customer nor enough others ever said."""
    own = [each for each in known if each.source]
    if own:
        best = min(own, key=_rank)
        return Recalled(_learned(best, best.confidence), of_others=False)
    everybody = sum(each.customers for each in known)
    agreed = max(known, key=lambda each: each.customers, default=None)
    if agreed and agreed.customers >= max(CUSTOMERS_THAT_AGREE, everybody * SHARE_THAT_AGREES):
        return Recalled(_learned(agreed, OF_OTHERS), of_others=True)
    return None


def prefer(recalled: Recalled | None, found: Match) -> Match:
    """Return the match that holds: what the customer taught before all, and what others did unless the catalog itself calls a product so."""
    if recalled is None or (recalled.of_others and found.method is MatchingMethod.EXACT_MATCH and found.confidence == 1):
        return found
    return recalled.match


def _rank(known: Known) -> tuple[int, float]:
    used = known.last_used_at.timestamp() if known.last_used_at else 0.0
    return list(Source).index(known.source or Source.CONFIRMED), -used


def _learned(known: Known, confidence: Decimal) -> Match:
    return Match(method=MatchingMethod.LEARNED, product=known.product, score=Decimal(1), confidence=confidence)
