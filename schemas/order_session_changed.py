"""`order_session.changed`: the order that a conversation is collecting, as it stands now."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from schemas.analysis import Quantity
from schemas.event import Event, Fact
from schemas.match import UnitPrice
from schemas.order import Total


class SessionStatus(StrEnum):
    """The states of an order session: opened, has items, waits for the customer's yes, over."""

    ACTIVE = "ACTIVE"
    COLLECTING = "COLLECTING"
    REVIEWING = "REVIEWING"
    CLOSED = "CLOSED"


class SessionOutcome(StrEnum):
    """How a closed session ended."""

    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"
    TIMEOUT = "TIMEOUT"
    ABANDONED = "ABANDONED"


class SessionItem(Fact):
    """One line of the open order."""

    item_id: UUID
    product_id: UUID | None
    sku: str | None
    product_name: str
    unit: str | None
    quantity: Quantity
    unit_price: UnitPrice


class OrderSessionChanged(Event):
    """The session after a change; `items` leaves out what was removed."""

    topic = "order_session.changed"
    subject_field = "order_session_id"

    conversation_id: UUID
    order_session_id: UUID
    version: int = Field(ge=1)
    status: SessionStatus
    outcome: SessionOutcome | None = None
    customer_id: UUID | None
    message_id: UUID | None = Field(description="The message that changed it")
    items: tuple[SessionItem, ...]
    total_amount: Total
    delivery_date: date | None = None
    order_id: UUID | None = None
