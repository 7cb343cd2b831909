"""Orders and products, as tests need them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4, uuid5

from schemas.match import MatchingMethod
from schemas.order import OrderChannel, OrderLine, OrderStatus
from schemas.order_confirmed import OrderConfirmed
from schemas.order_corrected import OrderCorrected
from services.catalog_matcher.domain.duplicates import Named
from services.catalog_matcher.product import NewProduct
from tests.consuming import arrived

NOW = datetime.now(UTC)


def named(sku: str, name: str, *gtins: str) -> Named:
    """A product with what tells it apart."""
    return Named(uuid4(), sku, name, gtins)


def ordered(product: NewProduct | None, phrase: str | None, *, line: int = 1, quantity: int = 1, **more: Any) -> OrderLine:
    """A line of an order, of a product that was guessed from a phrase unless `matching_method` says otherwise."""
    told: dict[str, Any] = {
        "line_id": uuid5(UUID(int=0), f"line/{line}"),
        "line_order": line,
        "product_id": product.id if product else None,
        "sku": product.sku if product else None,
        "product_name": product.name if product else phrase,
        "product_unit": product.unit if product else "case",
        "quantity": quantity,
        "unit_price": 1,
        "line_price": quantity,
        "original_text": f"{quantity} cs {phrase}" if phrase else None,
        "phrase": phrase,
        "matching_method": MatchingMethod.FUZZY_MATCH,
        "matching_confidence": "0.8",
    }
    return OrderLine.model_validate(told | more)


def confirmed(tenant: UUID, customer: UUID, *lines: OrderLine, version: int = 1, days_ago: float = 0, **more: Any) -> OrderConfirmed:
    """An order that is firm; received so many days before now."""
    return arrived(OrderConfirmed.model_validate(_order(tenant, customer, lines, version, days_ago) | more))


def corrected(tenant: UUID, customer: UUID, before: Sequence[OrderLine], after: Sequence[OrderLine], version: int = 2, **more: Any) -> OrderCorrected:
    """An order that a person changed."""
    told = {"corrected_by": uuid4(), "previous_lines": tuple(before)}
    return arrived(OrderCorrected.model_validate(_order(tenant, customer, after, version, 0) | told | more))


def _order(tenant: UUID, customer: UUID, lines: Sequence[OrderLine], version: int, days_ago: float) -> dict[str, Any]:
    received = NOW - timedelta(days=days_ago)
    return {
        "distributor_id": tenant,
        "occurred_at": received + timedelta(seconds=version),
        "order_id": uuid4(),
        "order_number": 1,
        "version": version,
        "status": OrderStatus.CONFIRMED,
        "channel": OrderChannel.WHATSAPP,
        "customer_id": customer,
        "customer_code": "C1",
        "customer_name": "Corner",
        "conversation_id": uuid4(),
        "order_session_id": uuid4(),
        "received_at": received,
        "currency": "USD",
        "total_amount": Decimal(1),
        "ai_generated": True,
        "ai_confidence": Decimal(1),
        "lines": tuple(lines),
    }
