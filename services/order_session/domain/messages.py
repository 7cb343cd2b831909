"""What a message does to the session of its conversation."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

from schemas.analysis import Intent
from schemas.message_matched import MessageMatched
from schemas.order_session_changed import SessionOutcome, SessionStatus
from services.order_session.domain import lines
from services.order_session.domain.session import EventType, Session, SessionEvent, evolve, rebuild


class Answer(StrEnum):
    """What the customer is told."""

    SUMMARY = "SUMMARY"
    NOTHING_YET = "NOTHING_YET"
    WHAT_TO_CHANGE = "WHAT_TO_CHANGE"
    CANCELLED = "CANCELLED"
    CONFIRMED = "CONFIRMED"


@dataclass(frozen=True, slots=True)
class Decision:
    """The session after a message (None where there is none), what happened, and what to answer."""

    session: Session | None
    events: tuple[SessionEvent, ...] = ()
    answer: Answer | None = None

    @property
    def changed(self) -> bool:
        """Whether there is more to tell than that the message was read."""
        return any(event.type is not EventType.AI_PROCESSING for event in self.events)


class _Course:
    """A session and the events that one message adds to it."""

    def __init__(self, session: Session | None, message: MessageMatched, now: datetime) -> None:
        self.before = session
        self.session = session or rebuild([_start(message, now)])
        self.events: list[SessionEvent] = [] if session else [_start(message, now)]
        self._message = message
        self._now = now

    def add(self, event_type: EventType, data: dict[str, Any]) -> None:
        event = SessionEvent(sequence=self.session.version + 1, type=event_type, data=data, message_id=self._message.message_id, at=self._now)
        self.events.append(event)
        self.session = evolve(self.session, event)

    def move(self, status: SessionStatus) -> None:
        if self.session.status is not status:
            self.add(EventType.STATUS_CHANGED, {"from": self.session.status, "to": status})

    def end(self, answer: Answer | None) -> Decision:
        return Decision(self.session, tuple(self.events), answer)


def take(session: Session | None, message: MessageMatched, now: datetime) -> Decision:
    """Return what `message` does to the open session of its conversation, or to none.

    A message opens a session when it orders something. "Yes" confirms only what was shown: an order that changed since is shown again.
    """
    if session is None and not lines.orders_something(message.lines):
        return Decision(None)
    course = _Course(session, message, now)
    course.add(EventType.AI_PROCESSING, {"intent": message.analysis.intent, "confidence": str(message.analysis.confidence)})
    if message.analysis.intent is Intent.CANCEL and not message.lines:
        return _cancel(course)
    changed = lines.apply(message, course.session, course.add, now)
    if not course.session.open_items:
        return _without_items(course, message, changed=changed)
    if course.session.status is SessionStatus.ACTIVE:
        course.move(SessionStatus.COLLECTING)
    return _with_items(course, message, changed=changed)


def _with_items(course: _Course, message: MessageMatched, *, changed: bool) -> Decision:
    analysis, reviewing = message.analysis, course.session.status is SessionStatus.REVIEWING
    if reviewing and not changed:
        if analysis.intent is Intent.CONFIRM:
            return _confirm(course)
        if analysis.intent is Intent.REJECT and not analysis.order_complete:
            course.move(SessionStatus.COLLECTING)
            return course.end(Answer.WHAT_TO_CHANGE)
    if analysis.order_complete or analysis.intent is Intent.CONFIRM or (reviewing and changed):
        course.move(SessionStatus.REVIEWING)
        course.add(EventType.REVIEW_REQUESTED, {"version": course.session.version})
        return course.end(Answer.SUMMARY)
    return course.end(None)


def _without_items(course: _Course, message: MessageMatched, *, changed: bool) -> Decision:
    if course.session.status is SessionStatus.REVIEWING:
        course.move(SessionStatus.COLLECTING)
    asked = message.analysis.order_complete or message.analysis.intent is Intent.CONFIRM
    return course.end(Answer.NOTHING_YET if asked or changed else None)


def _confirm(course: _Course) -> Decision:
    course.add(EventType.ORDER_CONFIRMED, {"order_id": str(order_id(course.session.id))})
    course.add(EventType.SESSION_CLOSED, {"outcome": SessionOutcome.CONFIRMED})
    return course.end(Answer.CONFIRMED)


def _cancel(course: _Course) -> Decision:
    course.add(EventType.ORDER_CANCELLED, {})
    course.add(EventType.SESSION_CLOSED, {"outcome": SessionOutcome.CANCELLED})
    return course.end(Answer.CANCELLED)


def _start(message: MessageMatched, now: datetime) -> SessionEvent:
    data = {
        "session_id": str(uuid5(message.attachment_id or message.message_id, "order_session")),
        "distributor_id": str(message.distributor_id),
        "conversation_id": str(message.conversation_id),
        "customer_id": str(message.customer_id) if message.customer_id else None,
        "contact_id": str(message.contact_id) if message.contact_id else None,
        "channel": message.channel,
    }
    return SessionEvent(sequence=1, type=EventType.SESSION_STARTED, data=data, message_id=message.message_id, at=now)


def order_id(session_id: UUID) -> UUID:
    """Return the id of the one order that a session can become."""
    return uuid5(session_id, "order")
