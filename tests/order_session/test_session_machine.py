"""The session's state machine against a plain model: whatever is said, in whatever order."""

from decimal import Decimal
from uuid import uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from schemas.analysis import Intent, Operation
from schemas.match import MatchedLine
from schemas.order_session_changed import SessionOutcome, SessionStatus
from services.order_session.domain.messages import Answer, take
from services.order_session.domain.orders import Terms, consolidate
from services.order_session.domain.session import Session, SessionEvent, rebuild
from tests.making import NOW, line, matched, product

PRODUCTS = [product(f"P{n}", name, f"{n + 1}.25") for n, name in enumerate(("Whole Milk", "Eggs", "Butter", "Limes", "Tonic Water"))]
TERMS = Terms(currency="USD", timezone="UTC", confidence_threshold=Decimal("0.5"), minimum_amount=None, auto_confirm=True)
chosen = st.integers(0, len(PRODUCTS) - 1)
amounts = st.integers(1, 20)


class Conversation(RuleBasedStateMachine):
    """A conversation; `basket` is what a careful clerk would have on paper, `shown` what they last read out."""

    def __init__(self) -> None:
        super().__init__()
        self.tenant, self.conversation = uuid4(), uuid4()
        self.session: Session | None = None
        self.events: list[SessionEvent] = []
        self.basket: dict[str, Decimal] = {}
        self.shown: dict[str, Decimal] | None = None
        self.orders: list[dict[str, Decimal]] = []

    def say(self, *lines: MatchedLine, intent: Intent | None = None, done: bool = False) -> Answer | None:
        message = matched(self.tenant, self.conversation, *lines, intent=intent, order_complete=done, customer_id=self.tenant)
        if self.session is None:
            self.events = []
        decision = take(self.session, message, NOW)
        self.events += decision.events
        if decision.session:
            assert rebuild(self.events) == decision.session
            assert [event.sequence for event in self.events] == list(range(1, len(self.events) + 1))
        if decision.answer is Answer.SUMMARY:
            self.shown = dict(self.basket)
        if decision.session and not decision.session.is_open:
            self.close(decision.session)
        else:
            self.session = decision.session
        return decision.answer

    def close(self, session: Session) -> None:
        if session.outcome is SessionOutcome.CONFIRMED:
            order = consolidate(session, uuid4(), TERMS)
            assert self.shown == self.basket == {line.product_name: line.quantity for line in order.lines}
            assert order.total == sum(line.line_price for line in order.lines)
            self.orders.append(dict(self.basket))
        self.session, self.basket, self.shown = None, {}, None

    @rule(number=chosen, amount=amounts)
    def add(self, number: int, amount: int) -> None:
        wanted = PRODUCTS[number]
        self.basket[wanted.name] = self.basket.get(wanted.name, Decimal(0)) + amount
        self.say(line(wanted.name, str(amount), of=wanted))

    @rule(number=chosen, amount=amounts)
    def set(self, number: int, amount: int) -> None:
        wanted = PRODUCTS[number]
        self.basket[wanted.name] = Decimal(amount)
        self.say(line(wanted.name, str(amount), of=wanted, operation=Operation.SET))

    @rule(number=chosen)
    def remove(self, number: int) -> None:
        wanted = PRODUCTS[number]
        self.basket.pop(wanted.name, None)
        self.say(line(wanted.name, of=wanted, operation=Operation.REMOVE))

    @rule()
    def that_is_all(self) -> None:
        answer = self.say(intent=Intent.CLOSING, done=True)
        assert answer is (None if self.session is None else Answer.SUMMARY if self.basket else Answer.NOTHING_YET)

    @rule()
    def yes(self) -> None:
        reviewed = self.session is not None and self.session.status is SessionStatus.REVIEWING
        assert (self.say(intent=Intent.CONFIRM) is Answer.CONFIRMED) == reviewed

    @rule()
    def no(self) -> None:
        self.say(intent=Intent.REJECT)

    @rule()
    def cancel(self) -> None:
        self.say(intent=Intent.CANCEL)
        assert self.session is None

    @rule()
    def chat(self) -> None:
        before = self.session and self.session.open_items
        assert self.say(intent=Intent.QUESTION) is None
        assert (self.session and self.session.open_items) == before

    @invariant()
    def the_session_holds_what_is_on_paper(self) -> None:
        held = {item.name: item.quantity for item in self.session.open_items} if self.session else {}
        assert held == self.basket

    @invariant()
    def a_reviewed_order_is_the_one_that_was_shown(self) -> None:
        if self.session and self.session.status is SessionStatus.REVIEWING:
            assert self.shown == self.basket


TestConversation = Conversation.TestCase
TestConversation.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
