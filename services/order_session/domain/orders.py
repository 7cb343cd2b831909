"""The order that a confirmed session becomes, and whether a person has to look at it."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from uuid import UUID, uuid5

from schemas.match import MatchingMethod
from schemas.order import OrderLine, OrderStatus
from services.order_session.domain.session import Item, Session

CENT = Decimal("0.01")


class ReviewReason(StrEnum):
    """Why a person has to look at an order."""

    UNKNOWN_CUSTOMER = "UNKNOWN_CUSTOMER"
    UNMATCHED_LINE = "UNMATCHED_LINE"
    LOW_CONFIDENCE = "LOW_CONFIDENCE"
    QUANTITY_ASSUMED = "QUANTITY_ASSUMED"
    BELOW_MINIMUM = "BELOW_MINIMUM"
    AUTO_CONFIRM_OFF = "AUTO_CONFIRM_OFF"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a distributor demands of an order."""

    currency: str
    timezone: str
    confidence_threshold: Decimal
    minimum_amount: Decimal | None
    auto_confirm: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Consolidated:
    """The order: its lines, total and status, with the reasons where a person has to look."""

    order_id: UUID
    lines: tuple[OrderLine, ...]
    total: Decimal
    confidence: Decimal
    reasons: tuple[ReviewReason, ...]

    @property
    def status(self) -> OrderStatus:
        """REVIEW where there is a reason, else CONFIRMED."""
        return OrderStatus.REVIEW if self.reasons else OrderStatus.CONFIRMED


def consolidate(session: Session, order_id: UUID, terms: Terms) -> Consolidated:
    """Return the one order that the items of `session` make."""
    items = session.open_items
    lines = tuple(_line(order_id, number, item) for number, item in enumerate(items, 1))
    total = sum((line.line_price for line in lines), Decimal(0)).quantize(CENT)
    confidence = min((item_confidence(item) for item in items), default=Decimal(0))
    return Consolidated(
        order_id=order_id, lines=lines, total=total, confidence=confidence, reasons=tuple(_reasons(session, items, total, confidence, terms))
    )


def item_confidence(item: Item) -> Decimal:
    """How sure both the reading and the product are, together."""
    return (item.ai_confidence * item.matching_confidence).quantize(Decimal("0.001"))


def line_price(item: Item) -> Decimal:
    """Quantity times unit price, rounded half up to cents."""
    return (item.quantity * item.unit_price).quantize(CENT, ROUND_HALF_UP)


def total_of(items: tuple[Item, ...]) -> Decimal:
    """The sum of the lines' prices."""
    return sum((line_price(item) for item in items), Decimal(0)).quantize(CENT)


def _line(order_id: UUID, number: int, item: Item) -> OrderLine:
    product = item.product
    return OrderLine(
        line_id=uuid5(order_id, f"line/{item.item_id}"),
        line_order=number,
        product_id=product.product_id if product else None,
        variant_id=product.variant_id if product else None,
        sku=product.sku if product else None,
        product_name=item.name,
        product_unit=item.unit or (product.unit if product else "each"),
        quantity=item.quantity,
        unit_price=item.unit_price,
        line_price=line_price(item),
        original_text=item.original_text,
        phrase=item.phrase or None,
        matching_method=item.method,
        matching_confidence=item.matching_confidence,
    )


def _reasons(session: Session, items: tuple[Item, ...], total: Decimal, confidence: Decimal, terms: Terms) -> list[ReviewReason]:
    found = {
        ReviewReason.UNKNOWN_CUSTOMER: session.customer_id is None,
        ReviewReason.UNMATCHED_LINE: any(item.method is MatchingMethod.UNMATCHED for item in items),
        ReviewReason.LOW_CONFIDENCE: confidence < terms.confidence_threshold,
        ReviewReason.QUANTITY_ASSUMED: any(item.quantity_assumed for item in items),
        ReviewReason.BELOW_MINIMUM: terms.minimum_amount is not None and total < terms.minimum_amount,
        ReviewReason.AUTO_CONFIRM_OFF: not terms.auto_confirm,
    }
    return [reason for reason, holds in found.items() if holds]
