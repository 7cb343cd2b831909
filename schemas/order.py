"""An order as it is told to the world: complete enough for an ERP to book it without asking back."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from schemas.analysis import Confidence, Quantity
from schemas.decimals import places
from schemas.event import Event, Fact
from schemas.match import MatchingMethod, UnitPrice

Total = Annotated[Decimal, Field(max_digits=14, decimal_places=2), places(2)]


class OrderStatus(StrEnum):
    """How far an order has come."""

    PENDING = "PENDING"
    REVIEW = "REVIEW"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"
    FULFILLED = "FULFILLED"


class OrderChannel(StrEnum):
    """How an order was received."""

    WHATSAPP = "WHATSAPP"
    SMS = "SMS"
    EMAIL = "EMAIL"
    MANUAL = "MANUAL"
    API = "API"


class OrderLine(Fact):
    """One line item. `line_price` is quantity times unit price, rounded half up to cents."""

    line_id: UUID
    line_order: int = Field(ge=1)
    product_id: UUID | None
    variant_id: UUID | None = None
    sku: str | None
    product_name: str
    product_unit: str
    quantity: Annotated[Quantity, places(3)]
    unit_price: Annotated[UnitPrice, places(4)]
    line_price: Total
    original_text: str | None = None
    phrase: str | None = Field(default=None, max_length=200, description="What the customer called the product")
    matching_method: MatchingMethod
    matching_confidence: Confidence


class OrderEvent(Event):
    """What happened to an order, with the whole order as it stands afterwards."""

    subject_field = "order_id"
    key_fields = ("conversation_id", "order_id")

    order_id: UUID
    order_number: int = Field(ge=1, description="Gapless within the tenant")
    version: int = Field(ge=1)
    status: OrderStatus
    channel: OrderChannel
    customer_id: UUID | None
    customer_code: str | None
    customer_name: str | None
    conversation_id: UUID | None
    order_session_id: UUID | None
    received_at: AwareDatetime
    delivery_date: date | None = None
    delivery_address: str | None = None
    additional_comment: str | None = None
    currency: str = Field(min_length=3, max_length=3)
    total_amount: Total
    ai_generated: bool
    ai_confidence: Confidence | None
    lines: tuple[OrderLine, ...]
