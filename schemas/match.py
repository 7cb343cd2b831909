"""Which product of the tenant's catalog a line means."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from schemas.analysis import Confidence, Line
from schemas.event import Fact

UnitPrice = Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=4)]


class MatchingMethod(StrEnum):
    """How a product was found."""

    EXACT_MATCH = "EXACT_MATCH"
    FUZZY_MATCH = "FUZZY_MATCH"
    AI_MATCH = "AI_MATCH"
    MANUAL_OVERRIDE = "MANUAL_OVERRIDE"
    LEARNED = "LEARNED"
    UNMATCHED = "UNMATCHED"


class Product(Fact):
    """What an order needs to know of a product, as it was when it was matched."""

    product_id: UUID
    variant_id: UUID | None = None
    sku: str
    name: str
    unit: str
    unit_price: UnitPrice


class Candidate(Fact):
    """A product that might have been meant, and how well it fits (0 to 1)."""

    product: Product
    score: Confidence


class Match(Fact):
    """The product of one line, or none, with the runners-up."""

    method: MatchingMethod
    product: Product | None = None
    score: Confidence = Decimal(0)
    confidence: Confidence = Decimal(0)
    alternatives: tuple[Candidate, ...] = Field(default=(), max_length=5)


class MatchedLine(Fact):
    """A line of the analysis with its product; for a swap also the product that goes."""

    line: Line
    match: Match
    replaces: Match | None = None
