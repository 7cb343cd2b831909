"""From a confirmed session to an order with a number: saved, and told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.postgres import Transaction
from schemas.message_matched import MessageMatched
from schemas.order import OrderChannel, OrderEvent
from schemas.order_confirmed import OrderConfirmed
from schemas.order_created import OrderCreated
from schemas.order_review_requested import OrderReviewRequested
from services.order_session import copies, order_store
from services.order_session.copies import Customer
from services.order_session.domain.messages import order_id
from services.order_session.domain.orders import Terms, consolidate
from services.order_session.domain.session import Session
from services.order_session.order_store import NewOrder


@dataclass(frozen=True, slots=True)
class Booked:
    """An order and the customer that it is for, None while nobody knows who wrote."""

    new: NewOrder
    customer: Customer | None


async def book(
    tx: Transaction, confirmed: Sequence[tuple[MessageMatched, Session]], terms: Mapping[UUID, Terms], now: datetime
) -> dict[UUID, Booked]:
    """Give each confirmed session its order and its number. Returns them by session."""
    if not confirmed:
        return {}
    tenants = [session.distributor_id for _, session in confirmed]
    customers = await copies.select_customers(tx, tenants, [session.customer_id or session.id for _, session in confirmed])
    numbers = await order_store.next_numbers(tx, tenants)
    return {
        session.id: _booked(event, session, number, terms[session.distributor_id], customers.get(session.customer_id or session.id), now)
        for (event, session), number in zip(confirmed, numbers, strict=True)
    }


async def save(tx: Transaction, booked: Sequence[Booked]) -> None:
    """Save orders and their lines."""
    if booked:
        new = [each.new for each in booked]
        await order_store.insert_orders(tx, new)
        await order_store.insert_order_products(tx, new)


def facts(booked: Booked) -> list[OrderEvent]:
    """Return what is told of a new order: that it exists, and whether it is firm or a person is asked."""
    whole, reasons = _whole(booked), booked.new.order.reasons
    if reasons:
        return [OrderCreated(**whole), OrderReviewRequested(**whole, reasons=reasons)]
    return [OrderCreated(**whole), OrderConfirmed(**whole)]


def _booked(event: MessageMatched, session: Session, number: int, terms: Terms, customer: Customer | None, now: datetime) -> Booked:
    new = NewOrder(
        session=session,
        order=consolidate(session, order_id(session.id), terms),
        number=number,
        currency=terms.currency,
        timezone=terms.timezone,
        received_at=now,
        delivery_address=customer.address if customer else None,
        message_id=event.message_id,
        message=event.content,
    )
    return Booked(new, customer)


def _whole(booked: Booked) -> dict[str, Any]:
    new, order, session, customer = booked.new, booked.new.order, booked.new.session, booked.customer
    return {
        "distributor_id": session.distributor_id,
        "occurred_at": new.received_at,
        "order_id": order.order_id,
        "order_number": new.number,
        "version": 1,
        "status": order.status,
        "channel": OrderChannel(session.channel),
        "customer_id": session.customer_id,
        "customer_code": customer.customer_code if customer else None,
        "customer_name": customer.business_name if customer else None,
        "conversation_id": session.conversation_id,
        "order_session_id": session.id,
        "received_at": new.received_at,
        "delivery_address": new.delivery_address,
        "currency": new.currency,
        "total_amount": order.total,
        "ai_generated": True,
        "ai_confidence": order.confidence,
        "lines": order.lines,
    }
