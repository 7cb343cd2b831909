"""Which product of the tenant's catalog a line means."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from schemas.analysis import Confidence, Line, Quantity
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
    reasons: tuple[Annotated[str, Field(max_length=40)], ...] = Field(
        default=(), max_length=10, description="What speaks for it and against it, such as same_words, spelling, synonym, other_grade, bought_before"
    )


class Match(Fact):
    """The product of one line, or none, with the runners-up."""

    method: MatchingMethod
    product: Product | None = None
    score: Confidence = Decimal(0)
    confidence: Confidence = Decimal(0)
    alternatives: tuple[Candidate, ...] = Field(default=(), max_length=5)


class QuantityIssue(StrEnum):
    """What stands against ordering a line just as it is written."""

    UNIT_UNKNOWN = "UNIT_UNKNOWN"
    NOT_WHOLE = "NOT_WHOLE"
    NOT_A_MULTIPLE = "NOT_A_MULTIPLE"
    BELOW_MINIMUM = "BELOW_MINIMUM"
    ABOVE_MAXIMUM = "ABOVE_MAXIMUM"
    OUT_OF_STOCK = "OUT_OF_STOCK"
    NOT_ENOUGH_STOCK = "NOT_ENOUGH_STOCK"
    UNUSUAL = "UNUSUAL"
    RANGE = "RANGE"
    AVERAGE_WEIGHT = "AVERAGE_WEIGHT"
    TOO_SOON = "TOO_SOON"
    OUT_OF_SEASON = "OUT_OF_SEASON"


class Choice(Fact):
    """One answer to a question about a quantity, in the product's unit of sale, and what that comes to in the unit that the customer named."""

    quantity: Quantity
    unit: str
    contents: Quantity | None = None
    contents_unit: str | None = None


class Clarification(Fact):
    """A question that the customer answers with the number of a choice, 1 for the first; `about` says what is in question."""

    about: QuantityIssue
    choices: tuple[Choice, ...] = Field(min_length=1, max_length=5)


class MatchedLine(Fact):
    """A line of the analysis with its product; for a swap also the product that goes."""

    line: Line
    match: Match
    replaces: Match | None = None
    quantity: Quantity | None = Field(default=None, description="In the product's unit of sale; None where none was named or it cannot be said")
    unit: str | None = Field(default=None, description="The unit of sale")
    factor: Decimal | None = Field(default=None, gt=0, description="How many of the unit of sale one of the customer's unit is")
    issues: tuple[QuantityIssue, ...] = ()
    clarification: Clarification | None = None
    bundle_id: UUID | None = Field(default=None, description="The bundle that this line is an item of")
