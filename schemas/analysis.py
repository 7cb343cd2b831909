"""What a message means, as a model or the local analyzer understood it."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.event import Fact

Confidence = Annotated[Decimal, Field(ge=0, le=1, max_digits=4, decimal_places=3, description="0 is a guess, 1 is certain")]
Quantity = Annotated[Decimal, Field(ge=0, le=Decimal(1_000_000), max_digits=12, decimal_places=3)]


class Intent(StrEnum):
    """What the writer wants."""

    ORDER = "order"
    MODIFY = "modify"
    CONFIRM = "confirm"
    REJECT = "reject"
    CANCEL = "cancel"
    QUESTION = "question"
    ORDER_META = "order_meta"
    COMPLAINT = "complaint"
    GREETING = "greeting"
    CLOSING = "closing"
    OTHER = "other"


class Operation(StrEnum):
    """What a line does to the order that is being collected."""

    ADD = "add"
    SET = "set"
    REMOVE = "remove"
    SWAP = "swap"


class Line(Fact):
    """One product that the message speaks of, in the writer's own words."""

    operation: Operation = Operation.ADD
    quantity: Quantity | None = Field(default=None, description="None where the writer named none")
    quantity_max: Quantity | None = Field(default=None, description="The upper end of a range such as 3-4 cases")
    unit: str | None = Field(default=None, max_length=50, description="Canonical and singular, such as case, dozen, lb")
    product: str | None = Field(default=None, max_length=200, description="The product phrase; None means the line spoken of last")
    replaces: str | None = Field(default=None, max_length=200, description="With swap: the phrase of the product that goes")
    text_start: int = Field(default=0, ge=0, description="Offset in characters of the message's content")
    text_end: int = Field(default=0, ge=0)
    confidence: Confidence = Decimal(1)


class Analysis(Fact):
    """The meaning of one message. A message that is not about products has no lines."""

    intent: Intent
    lines: tuple[Line, ...] = Field(default=(), max_length=200)
    order_complete: bool = Field(default=False, description="The writer says that nothing more is to come: that's all")
    references: tuple[str, ...] = Field(default=(), max_length=10, description="Earlier orders that are meant: the usual, same as last week")
    requested_delivery_date: date | None = None
    language: str = Field(default="en", min_length=2, max_length=10)
    confidence: Confidence
    suggested_replies: tuple[str, ...] = Field(default=(), max_length=5)
