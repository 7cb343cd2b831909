"""What customers wrote, with the products found, moves the order sessions of their conversations."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid5

from libs import outbox
from libs.postgres import Transaction
from libs.refused import Refused
from schemas.event import Event
from schemas.message_matched import MessageMatched
from schemas.order_session_changed import OrderSessionChanged, SessionItem
from schemas.reply_requested import ReplyRequested
from services.order_session import booking, copies, store
from services.order_session.booking import Booked
from services.order_session.domain import messages
from services.order_session.domain.messages import Answer, Decision
from services.order_session.domain.orders import Terms, total_of
from services.order_session.domain.replies import reply
from services.order_session.domain.session import Session, SessionEvent


class DistributorUnknown(Refused):
    """A message of a tenant that nobody told us of."""


async def on_messages_matched(events: Sequence[MessageMatched], tx: Transaction) -> None:
    """Take a batch in: load the sessions, decide message by message, save, enqueue. Raises DistributorUnknown."""
    now = datetime.now(UTC)
    await store.lock_conversations(tx, [event.conversation_id for event in events])
    sessions = await _load(tx, events)
    terms = await copies.select_terms(tx, list({event.distributor_id for event in events}))
    decisions: list[tuple[MessageMatched, Decision]] = []
    for event in events:
        if event.distributor_id not in terms:
            raise DistributorUnknown(f"there is no distributor {event.distributor_id}")
        decision = messages.take(sessions.get(event.conversation_id), event, now)
        decisions.append((event, decision))
        if decision.session:
            sessions[event.conversation_id] = decision.session if decision.session.is_open else None
    booked = await booking.book(tx, [(event, d.session) for event, d in decisions if d.session and d.answer is Answer.CONFIRMED], terms, now)
    await _save(tx, decisions, booked)
    await outbox.enqueue(tx, *(fact for event, d in decisions for fact in _facts(event, d, terms[event.distributor_id], booked, now)))


async def _load(tx: Transaction, events: Sequence[MessageMatched]) -> dict[UUID, Session | None]:
    found = await store.select_open_sessions(tx, [e.distributor_id for e in events], [e.conversation_id for e in events])
    if not found:
        return {}
    items = await store.select_items(tx, [s.distributor_id for s in found.values()], [s.id for s in found.values()])
    return {conversation_id: replace(session, items=items.get(session.id, ())) for conversation_id, session in found.items()}


async def _save(tx: Transaction, decisions: Sequence[tuple[MessageMatched, Decision]], booked: dict[UUID, Booked]) -> None:
    """Save each session as the last message of the batch left it, everything that happened, and the orders."""
    last: dict[UUID, Session] = {d.session.id: d.session for _, d in decisions if d.session}
    happened: list[tuple[Session, SessionEvent]] = [(d.session, event) for _, d in decisions if d.session for event in d.events]
    if not last:
        return
    closed_first = sorted(last.values(), key=lambda session: session.is_open)
    await store.upsert_sessions(tx, closed_first)
    await store.upsert_items(tx, closed_first)
    await store.insert_session_events(tx, happened)
    await booking.save(tx, list(booked.values()))


def _facts(event: MessageMatched, decision: Decision, terms: Terms, booked: dict[UUID, Booked], now: datetime) -> list[Event]:
    session = decision.session
    if session is None or not decision.changed:
        return []
    order = booked.get(session.id) if decision.answer is Answer.CONFIRMED else None
    facts: list[Event] = [_changed(event, session, now)]
    if order:
        facts += booking.facts(order)
    if decision.answer:
        consolidated, number = (order.new.order, order.new.number) if order else (None, None)
        facts.append(
            ReplyRequested(
                distributor_id=event.distributor_id,
                occurred_at=now,
                conversation_id=event.conversation_id,
                reply_id=uuid5(event.attachment_id or event.message_id, "reply"),
                content=reply(decision.answer, session, terms.currency, consolidated, number),
                reply_to_message_id=event.message_id,
                order_session_id=session.id,
            )
        )
    return [fact.because_of(event) for fact in facts]


def _changed(event: MessageMatched, session: Session, now: datetime) -> OrderSessionChanged:
    return OrderSessionChanged(
        distributor_id=event.distributor_id,
        occurred_at=now,
        conversation_id=session.conversation_id,
        order_session_id=session.id,
        version=session.version,
        status=session.status,
        outcome=session.outcome,
        customer_id=session.customer_id,
        message_id=event.message_id,
        items=tuple(
            SessionItem(
                item_id=item.item_id,
                product_id=item.product.product_id if item.product else None,
                sku=item.product.sku if item.product else None,
                product_name=item.name,
                unit=item.unit,
                quantity=item.quantity,
                unit_price=item.unit_price,
            )
            for item in session.open_items
        ),
        total_amount=total_of(session.open_items),
        order_id=session.order_id,
    )
