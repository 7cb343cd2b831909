"""An order session, and how each of its events changes it. The events alone are enough to rebuild it."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import reduce
from typing import Any
from uuid import UUID

from schemas.contact import Channel
from schemas.event import Fact
from schemas.match import Candidate, MatchingMethod, Product
from schemas.order_session_changed import SessionOutcome, SessionStatus


class EventType(StrEnum):
    """What can happen in a session."""

    SESSION_STARTED = "SESSION_STARTED"
    SESSION_CLOSED = "SESSION_CLOSED"
    STATUS_CHANGED = "STATUS_CHANGED"
    ITEM_ADDED = "ITEM_ADDED"
    ITEM_REMOVED = "ITEM_REMOVED"
    ITEM_MODIFIED = "ITEM_MODIFIED"
    REVIEW_REQUESTED = "REVIEW_REQUESTED"
    ORDER_CONFIRMED = "ORDER_CONFIRMED"
    ORDER_CANCELLED = "ORDER_CANCELLED"
    REMINDER_SENT = "REMINDER_SENT"
    TIMEOUT_WARNING = "TIMEOUT_WARNING"
    AI_PROCESSING = "AI_PROCESSING"


class ItemStatus(StrEnum):
    """Whether an item is part of the order."""

    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    REMOVED = "REMOVED"


class Item(Fact):
    """One line of the order that is being collected."""

    item_id: UUID
    phrase: str
    product: Product | None
    quantity: Decimal
    quantity_assumed: bool = False
    """The customer named no quantity, so one was taken."""
    unit: str | None
    source_message_id: UUID
    original_text: str
    text_start: int
    text_end: int
    method: MatchingMethod
    score: Decimal
    matching_confidence: Decimal
    ai_confidence: Decimal
    alternatives: tuple[Candidate, ...] = ()
    status: ItemStatus = ItemStatus.PENDING
    added_at: datetime
    confirmed_at: datetime | None = None
    removed_at: datetime | None = None

    @property
    def name(self) -> str:
        """What to call it: the catalog's name, or the customer's words where nothing was found."""
        return self.product.name if self.product else self.phrase

    @property
    def unit_price(self) -> Decimal:
        """The price of one unit; 0 for what the catalog does not know."""
        return self.product.unit_price if self.product else Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEvent:
    """Something that happened. `data` is JSON; `sequence` counts 1, 2, 3 … within the session."""

    sequence: int
    type: EventType
    data: dict[str, Any]
    message_id: UUID | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The order that a conversation is collecting."""

    id: UUID
    distributor_id: UUID
    conversation_id: UUID
    customer_id: UUID | None
    contact_id: UUID | None
    channel: Channel
    status: SessionStatus
    version: int
    started_at: datetime
    last_activity_at: datetime
    collecting_started_at: datetime | None = None
    review_started_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: SessionOutcome | None = None
    order_id: UUID | None = None
    last_item_id: UUID | None = None
    """The item spoken of last: what "make that 5" means."""
    confidence_sum: Decimal = Decimal(0)
    interactions: int = 0
    items: tuple[Item, ...] = ()

    @property
    def open_items(self) -> tuple[Item, ...]:
        """The items that are part of the order."""
        return tuple(item for item in self.items if item.status is not ItemStatus.REMOVED)

    @property
    def is_open(self) -> bool:
        """Whether messages can still change it."""
        return self.status is not SessionStatus.CLOSED

    @property
    def confidence(self) -> Decimal | None:
        """The mean confidence of the analyses that moved it."""
        return (self.confidence_sum / self.interactions).quantize(Decimal("0.001")) if self.interactions else None


def rebuild(events: list[SessionEvent]) -> Session:
    """Return the session that `events`, all of them and in order, amount to."""
    return reduce(evolve, events[1:], _started(events[0]))


def evolve(session: Session, event: SessionEvent) -> Session:
    """Return the session after `event`."""
    session = replace(session, version=event.sequence, last_activity_at=event.at)
    match event.type:
        case EventType.ITEM_ADDED | EventType.ITEM_MODIFIED:
            item = Item.model_validate(event.data["item"])
            others = tuple(item if each.item_id == item.item_id else each for each in session.items)
            items = others if event.type is EventType.ITEM_MODIFIED else (*session.items, item)
            return replace(session, items=items, last_item_id=item.item_id)
        case EventType.ITEM_REMOVED:
            return _without_item(session, UUID(event.data["item_id"]), event.at)
        case EventType.STATUS_CHANGED:
            return _moved(session, SessionStatus(event.data["to"]), event.at)
        case EventType.AI_PROCESSING:
            confidence = session.confidence_sum + Decimal(event.data["confidence"])
            return replace(session, confidence_sum=confidence, interactions=session.interactions + 1)
        case EventType.ORDER_CONFIRMED:
            items = tuple(
                item if item.status is ItemStatus.REMOVED else item.model_copy(update={"status": ItemStatus.CONFIRMED, "confirmed_at": event.at})
                for item in session.items
            )
            return replace(session, items=items, order_id=UUID(event.data["order_id"]))
        case EventType.SESSION_CLOSED:
            outcome = SessionOutcome(event.data["outcome"])
            return replace(session, status=SessionStatus.CLOSED, outcome=outcome, closed_at=event.at)
        case _:
            return session


def _started(event: SessionEvent) -> Session:
    data = event.data
    return Session(
        id=UUID(data["session_id"]),
        distributor_id=UUID(data["distributor_id"]),
        conversation_id=UUID(data["conversation_id"]),
        customer_id=UUID(data["customer_id"]) if data["customer_id"] else None,
        contact_id=UUID(data["contact_id"]) if data["contact_id"] else None,
        channel=Channel(data["channel"]),
        status=SessionStatus.ACTIVE,
        version=event.sequence,
        started_at=event.at,
        last_activity_at=event.at,
    )


def _moved(session: Session, status: SessionStatus, at: datetime) -> Session:
    if status is SessionStatus.COLLECTING:
        return replace(session, status=status, collecting_started_at=session.collecting_started_at or at)
    return replace(session, status=status, review_started_at=at)


def _without_item(session: Session, item_id: UUID, at: datetime) -> Session:
    items = tuple(
        item.model_copy(update={"status": ItemStatus.REMOVED, "removed_at": at}) if item.item_id == item_id else item for item in session.items
    )
    remaining = [item for item in items if item.status is not ItemStatus.REMOVED]
    return replace(session, items=items, last_item_id=remaining[-1].item_id if remaining else None)
