"""What messages do to a session: pure."""

from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from schemas.analysis import Intent, Operation
from schemas.match import MatchedLine, Product
from schemas.order_session_changed import SessionOutcome, SessionStatus
from services.order_session.domain.messages import Answer, Decision, take
from services.order_session.domain.orders import ReviewReason, Terms, consolidate
from services.order_session.domain.session import EventType, Session, rebuild
from tests.making import NOW, line, matched, product

MILK, TWO_PERCENT, EGGS, BUTTER = (
    product("M1", "Whole Milk Gallon", "24.50"),
    product("M2", "2% Milk Gallon"),
    product("E1", "Large Eggs"),
    product("B1", "Butter"),
)
TERMS = Terms(currency="USD", timezone="UTC", confidence_threshold=Decimal("0.7"), minimum_amount=None, auto_confirm=True)
TENANT, CONVERSATION, CUSTOMER = uuid4(), uuid4(), uuid4()


def say(
    session: Session | None, *lines: MatchedLine, intent: Intent | None = None, done: bool = False, customer_id: UUID | None = CUSTOMER
) -> Decision:
    return take(session, matched(TENANT, CONVERSATION, *lines, intent=intent, order_complete=done, customer_id=customer_id), NOW)


def open_with(*lines: MatchedLine) -> Session:
    session = say(None, *lines).session
    assert session
    return session


def quantities(session: Session | None) -> dict[str, Decimal]:
    assert session
    return {item.name: item.quantity for item in session.open_items}


def reviewing(*lines: MatchedLine) -> Session:
    session = say(open_with(*lines), done=True, intent=Intent.CLOSING).session
    assert session
    assert session.status is SessionStatus.REVIEWING
    return session


def test_an_order_opens_a_session_that_collects() -> None:
    decision = say(None, line("whole milk", "3", of=MILK))
    assert decision.session
    assert decision.session.status is SessionStatus.COLLECTING
    assert quantities(decision.session) == {"Whole Milk Gallon": 3}
    assert [event.sequence for event in decision.events] == list(range(1, len(decision.events) + 1))


@pytest.mark.parametrize("intent", [Intent.CONFIRM, Intent.GREETING, Intent.CANCEL, Intent.QUESTION, Intent.CLOSING])
def test_nothing_but_an_order_opens_a_session(intent: Intent) -> None:
    assert say(None, intent=intent) == Decision(None)


def test_removing_what_was_never_ordered_opens_no_session() -> None:
    assert say(None, line("butter", of=BUTTER, operation=Operation.REMOVE)).session is None


def test_more_of_the_same_product_is_added_up() -> None:
    session = say(open_with(line("whole milk", "3", of=MILK)), line("milk", "2", of=MILK)).session
    assert quantities(session) == {"Whole Milk Gallon": 5}


def test_the_same_product_in_another_unit_is_another_line() -> None:
    session = say(open_with(line("milk", "3", of=MILK, unit="case")), line("milk", "2", of=MILK, unit="each")).session
    assert session
    assert [(item.quantity, item.unit) for item in session.open_items] == [(3, "case"), (2, "each")]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (line(None, "5", operation=Operation.SET), {"Whole Milk Gallon": 3, "Large Eggs": 5}),
        (line("milk", "4", operation=Operation.SET), {"Whole Milk Gallon": 4, "Large Eggs": 2}),
        (line("eggs", of=EGGS, operation=Operation.REMOVE), {"Whole Milk Gallon": 3}),
        (line(None, operation=Operation.REMOVE), {"Whole Milk Gallon": 3}),
        (line("milk", "0", operation=Operation.SET), {"Large Eggs": 2}),
        (line("2%", of=TWO_PERCENT, operation=Operation.SWAP, replaces="whole milk"), {"Large Eggs": 2, "2% Milk Gallon": 3}),
        (line("butter", operation=Operation.REMOVE), {"Whole Milk Gallon": 3, "Large Eggs": 2}),
        (line("butter", "1", of=BUTTER, operation=Operation.SET), {"Whole Milk Gallon": 3, "Large Eggs": 2, "Butter": 1}),
    ],
)
def test_changes_find_the_item_they_mean(change: MatchedLine, expected: dict[str, int]) -> None:
    session = open_with(line("whole milk", "3", of=MILK), line("eggs", "2", of=EGGS))
    assert quantities(say(session, change).session) == expected


def test_that_is_all_shows_the_summary() -> None:
    decision = say(open_with(line("milk", "3", of=MILK)), done=True)
    assert decision.session
    assert (decision.session.status, decision.answer) == (SessionStatus.REVIEWING, Answer.SUMMARY)


def test_lines_and_that_is_all_in_one_message_show_the_summary_at_once() -> None:
    decision = say(None, line("milk", "3", of=MILK), done=True)
    assert decision.answer is Answer.SUMMARY


def test_yes_confirms_what_was_shown() -> None:
    decision = say(reviewing(line("milk", "3", of=MILK)), intent=Intent.CONFIRM)
    assert decision.session
    assert (decision.session.outcome, decision.answer) == (SessionOutcome.CONFIRMED, Answer.CONFIRMED)
    assert decision.session.order_id


def test_yes_before_anything_was_shown_shows_it_first() -> None:
    decision = say(open_with(line("milk", "3", of=MILK)), intent=Intent.CONFIRM)
    assert decision.answer is Answer.SUMMARY


def test_yes_with_a_change_is_shown_again_before_it_is_confirmed() -> None:
    decision = say(reviewing(line("milk", "3", of=MILK)), line("eggs", "2", of=EGGS), intent=Intent.CONFIRM)
    assert decision.session
    assert (decision.session.status, decision.answer) == (SessionStatus.REVIEWING, Answer.SUMMARY)
    assert say(decision.session, intent=Intent.CONFIRM).answer is Answer.CONFIRMED


def test_no_goes_back_to_collecting() -> None:
    decision = say(reviewing(line("milk", "3", of=MILK)), intent=Intent.REJECT)
    assert decision.session
    assert (decision.session.status, decision.answer) == (SessionStatus.COLLECTING, Answer.WHAT_TO_CHANGE)


def test_cancel_closes_without_an_order() -> None:
    decision = say(reviewing(line("milk", "3", of=MILK)), intent=Intent.CANCEL)
    assert decision.session
    assert (decision.session.outcome, decision.session.order_id) == (SessionOutcome.CANCELLED, None)


def test_an_order_emptied_during_the_review_cannot_be_confirmed() -> None:
    emptied = say(reviewing(line("milk", "3", of=MILK)), line("milk", of=MILK, operation=Operation.REMOVE))
    assert emptied.answer is Answer.NOTHING_YET
    assert say(emptied.session, intent=Intent.CONFIRM).answer is Answer.NOTHING_YET


def test_small_talk_changes_nothing_that_is_told() -> None:
    assert not say(open_with(line("milk", "3", of=MILK)), intent=Intent.GREETING).changed


def test_what_happened_amounts_to_the_session() -> None:
    first = say(None, line("milk", "3", of=MILK), line("eggs", "2", of=EGGS))
    second = say(first.session, line(None, operation=Operation.REMOVE), line("butter", "1", of=BUTTER), done=True)
    third = say(second.session, intent=Intent.CONFIRM)
    assert rebuild([*first.events, *second.events, *third.events]) == third.session


def order(session: Session, terms: Terms = TERMS) -> tuple[Decimal, list[ReviewReason]]:
    consolidated = consolidate(session, uuid4(), terms)
    return consolidated.total, list(consolidated.reasons)


def test_a_certain_order_of_a_known_customer_needs_nobody() -> None:
    assert order(reviewing(line("milk", "3", of=MILK))) == (Decimal("73.50"), [])


def test_line_prices_are_rounded_half_up_and_summed() -> None:
    odd: Product = product("X", "Saffron", "0.3350")
    total, _ = order(reviewing(line("saffron", "3", of=odd), line("milk", "1", of=MILK)))
    assert total == Decimal("1.01") + Decimal("24.50")


def test_each_doubt_is_a_reason_for_a_review() -> None:
    session = say(None, line("yuzu kosho", "1"), line("milk", None, of=MILK), customer_id=None).session
    assert session
    strict = Terms(currency="USD", timezone="UTC", confidence_threshold=Decimal("0.7"), minimum_amount=Decimal(500), auto_confirm=False)
    assert set(order(session, strict)[1]) == set(ReviewReason)


def test_a_closed_session_ends_with_its_closing() -> None:
    decision = say(reviewing(line("milk", "3", of=MILK)), intent=Intent.CONFIRM)
    assert [event.type for event in decision.events][-2:] == [EventType.ORDER_CONFIRMED, EventType.SESSION_CLOSED]
