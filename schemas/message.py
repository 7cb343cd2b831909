"""The values that a message can have: its type and its status."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.event import Fact

Content = Annotated[str, Field(max_length=20_000, description="The text as written; empty where only a file was sent")]


class MessageType(StrEnum):
    """What kind of message it is."""

    TEXT = "TEXT"
    IMAGE = "IMAGE"
    AUDIO = "AUDIO"
    FILE = "FILE"
    ORDER_CONTEXT = "ORDER_CONTEXT"
    INTERACTIVE = "INTERACTIVE"
    LOCATION = "LOCATION"
    TEMPLATE = "TEMPLATE"


class MessageStatus(StrEnum):
    """How far a message has come. A status never moves back in this order; FAILED is final."""

    RECEIVED = "RECEIVED"
    QUEUED = "QUEUED"
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    READ = "READ"
    FAILED = "FAILED"


class CartItem(Fact):
    """One line of a cart that the customer filled in the channel's own catalog. `price` is what the channel showed, for one."""

    sku: str = Field(min_length=1, max_length=200, description="What the distributor named the product in the channel's catalog")
    quantity: Decimal = Field(gt=0, max_digits=12, decimal_places=3)
    price: Decimal | None = Field(default=None, ge=0, max_digits=14, decimal_places=4)
    currency: str | None = Field(default=None, min_length=3, max_length=3)


class MessageParts(Fact):
    """What a message can hold beside its text, in whatever channel it came."""

    subject: str | None = Field(default=None, max_length=1_000, description="Of a mail")
    choice_id: str | None = Field(default=None, max_length=256, description="What the button or list row that was chosen stands for")
    cart: tuple[CartItem, ...] = Field(default=(), max_length=500)
