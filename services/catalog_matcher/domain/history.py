"""What is known of the customer who asks: what they buy, and what they and others have meant by a phrase before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import IntEnum
from uuid import UUID

from services.catalog_matcher.domain.normalise import normalise

FORGOTTEN_DAYS = 120
"""A purchase counts half as much after so many days."""
OFTEN = 12
"""Times after which buying a product once more says nothing new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """A product that the customer has bought."""

    product_id: UUID
    unit: str
    times: int
    last: date
    usual_quantity: Decimal | None = None

    def habit(self, unit: str | None, quantity: Decimal | None, today: date | None) -> float:
        """Return how much this speaks for the product, 0 to 1: often, lately, in this unit and about so much."""
        often = min(self.times, OFTEN) / (min(self.times, OFTEN) + 2)
        lately = 0.5 ** (max((today - self.last).days, 0) / FORGOTTEN_DAYS) if today else 1.0
        same_unit = unit is None or unit == self.unit
        usual = quantity is None or not self.usual_quantity or self.usual_quantity / 4 <= quantity <= self.usual_quantity * 4
        return often * lately * (1 if same_unit else 0.7) * (1 if usual else 0.7)


@dataclass(frozen=True, slots=True)
class History:
    """What a customer has bought, by product."""

    purchases: Mapping[UUID, Purchase] = field(default_factory=dict[UUID, Purchase])


class Level(IntEnum):
    """Whose word it is."""

    CUSTOMER = 0
    TENANT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """A product that somebody meant by a phrase, and how well that has proved itself: 0 to 1."""

    product_id: UUID
    level: Level
    strength: float


@dataclass(frozen=True, slots=True)
class Aliases:
    """What was meant before, by `alias_key` of the phrase."""

    by_key: Mapping[str, tuple[Alias, ...]] = field(default_factory=dict[str, tuple[Alias, ...]])

    def of(self, phrase: str) -> tuple[Alias, ...]:
        """Return what `phrase` has meant: the customer's own word before the tenant's, the stronger before the weaker."""
        found = self.by_key.get(alias_key(phrase), ()) if self.by_key else ()
        return tuple(sorted(found, key=lambda alias: (alias.level, -alias.strength)))


def alias_key(phrase: str) -> str:
    """Return a phrase as aliases are kept: the same for every case, order of words, plural and abbreviation."""
    return normalise(phrase).in_order
