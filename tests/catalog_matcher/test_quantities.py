"""How much a line orders in the unit of sale, and what is asked where that is not certain."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import units
from schemas.analysis import Line, Operation
from schemas.match import QuantityIssue
from services.ai_agent.analyzer.units import unit_name
from services.catalog_matcher.domain.conversion import Unit
from services.catalog_matcher.domain.quantities import Counted, Terms, count

TODAY = date(2026, 7, 14)


def unit(name: str, factor: str, *, catch_weight: bool = False, default: bool = False) -> Unit:
    return Unit(unit=name, factor=Decimal(factor), catch_weight=catch_weight, is_default=default)


COLA = Terms(unit="case", units=(unit("can", "1"), unit("case", "12")))
CHEESE = Terms(unit="wheel", units=(unit("wheel", "5", catch_weight=True), unit("kg", "1")))
EGGS = Terms(unit="case", units=(unit("each", "1"), unit("case", "180")))
BEEF = Terms(unit="lb")
WINE = Terms(unit="bottle")
SACKS = Terms(unit="sack", units=(unit("lb", "1"), unit("sack", "50")))
BY_THE_CAN = Terms(unit="case", units=(unit("can", "1", default=True), unit("case", "24")))


def counted(terms: Terms, quantity: str, named: str | None = None, most: str | None = None) -> Counted:
    line = Line(quantity=Decimal(quantity), unit=named, product="it", quantity_max=Decimal(most) if most else None)
    return count(line, terms, TODAY)


def choices(result: Counted) -> list[str]:
    return [f"{each.quantity.normalize():f}" for each in result.clarification.choices] if result.clarification else []


@pytest.mark.parametrize(
    ("terms", "quantity", "named", "amount"),
    [
        (COLA, "3", None, "3"),
        (COLA, "3", "case", "3"),
        (COLA, "24", "can", "2"),
        (COLA, "2", "dozen", "2"),
        (COLA, "12", "each", "1"),
        (COLA, "3", "box", "3"),
        (EGGS, "30", "dozen", "2"),
        (CHEESE, "10", "kg", "2"),
        (BEEF, "2.5", "lb", "2.5"),
        (BEEF, "32", "oz", "2"),
        (BEEF, "1", "kg", "2.205"),
        (WINE, "2", "dozen", "24"),
        (WINE, "6", "each", "6"),
        (SACKS, "100", "lb", "2"),
        (SACKS, "2", "bag", "2"),
        (BY_THE_CAN, "48", None, "2"),
        (Terms(unit="Cases"), "3", "case", "3"),
        (Terms(unit="caja"), "3", "case", "3"),
        (Terms(unit="garrafa"), "3", "bottle", "3"),
        (Terms(unit="gal"), "4", "quart", "1"),
    ],
)
def test_a_quantity_becomes_one_of_the_unit_of_sale(terms: Terms, quantity: str, named: str | None, amount: str) -> None:
    result = counted(terms, quantity, named)

    assert (result.quantity, result.issues, result.clarification) == (Decimal(amount), (), None)
    assert result.unit == terms.unit


@pytest.mark.parametrize(
    ("terms", "quantity", "named", "issue", "offered"),
    [
        (COLA, "0.5", "case", QuantityIssue.NOT_WHOLE, ["1"]),
        (COLA, "30", "can", QuantityIssue.NOT_WHOLE, ["2", "3"]),
        (CHEESE, "12", "kg", QuantityIssue.NOT_WHOLE, ["2", "3"]),
        (Terms(unit="can", multiple=Decimal(6)), "8", "can", QuantityIssue.NOT_A_MULTIPLE, ["6", "12"]),
        (COLA, "3", "bag", QuantityIssue.UNIT_UNKNOWN, ["3"]),
        (COLA, "24", "keg", QuantityIssue.UNIT_UNKNOWN, ["24", "2"]),
        (Terms(unit="case"), "2", "dozen", QuantityIssue.UNIT_UNKNOWN, ["2"]),
        (BEEF, "2", "case", QuantityIssue.UNIT_UNKNOWN, ["2"]),
    ],
)
def test_what_cannot_be_said_is_asked_and_not_guessed(terms: Terms, quantity: str, named: str, issue: QuantityIssue, offered: list[str]) -> None:
    result = counted(terms, quantity, named)

    assert result.quantity is None
    assert issue in result.issues
    assert result.clarification
    assert (result.clarification.about, choices(result)) == (issue, offered)


def test_a_choice_says_what_it_holds_in_the_customers_unit() -> None:
    [two, three] = counted(COLA, "30", "can").clarification.choices  # pyright: ignore[reportOptionalMemberAccess]

    assert (two.contents, two.contents_unit, three.contents) == (24, "can", 36)


def test_average_weights_are_rounded_to_pieces_where_that_is_near() -> None:
    result = counted(CHEESE, "10.3", "kg")

    assert (result.quantity, result.issues, result.clarification) == (2, (QuantityIssue.AVERAGE_WEIGHT,), None)


def test_a_range_is_asked() -> None:
    result = counted(COLA, "3", "case", most="4")

    assert (result.quantity, result.issues, choices(result)) == (3, (QuantityIssue.RANGE,), ["3", "4"])


@pytest.mark.parametrize(
    ("terms", "quantity", "issues", "offered"),
    [
        (Terms(unit="case", minimum=Decimal(5)), "2", {QuantityIssue.BELOW_MINIMUM}, ["5"]),
        (Terms(unit="case", maximum=Decimal(60)), "61", {QuantityIssue.ABOVE_MAXIMUM}, ["60"]),
        (Terms(unit="case", stock=Decimal("7.5")), "8", {QuantityIssue.NOT_ENOUGH_STOCK}, ["7"]),
        (Terms(unit="case", stock=Decimal(0)), "8", {QuantityIssue.OUT_OF_STOCK}, []),
        (Terms(unit="case", in_stock=False), "8", {QuantityIssue.OUT_OF_STOCK}, []),
        (Terms(unit="case", months=frozenset({11, 12})), "8", {QuantityIssue.OUT_OF_SEASON}, []),
        (Terms(unit="case", minimum=Decimal(5), stock=Decimal(1)), "2", {QuantityIssue.BELOW_MINIMUM, QuantityIssue.NOT_ENOUGH_STOCK}, ["5"]),
    ],
)
def test_limits_are_told_and_the_quantity_stays_as_it_was_written(
    terms: Terms, quantity: str, issues: set[QuantityIssue], offered: list[str]
) -> None:
    result = counted(terms, quantity)

    assert (result.quantity, set(result.issues), choices(result)) == (Decimal(quantity), issues, offered)


@pytest.mark.parametrize(("wanted_on", "issues"), [(date(2026, 7, 15), (QuantityIssue.TOO_SOON,)), (date(2026, 7, 16), ()), (None, ())])
def test_a_delivery_before_the_lead_time_is_told(wanted_on: date | None, issues: tuple[QuantityIssue, ...]) -> None:
    result = count(Line(quantity=Decimal(1), product="it"), Terms(unit="case", lead_time_days=2), TODAY, wanted_on)

    assert result.issues == issues


@pytest.mark.parametrize(
    ("bought", "quantity", "named", "offered"),
    [
        ((2, 2, 3), "24", None, ["24", "2"]),
        ((2, 2, 3), "200", "case", ["200", "2"]),
        ((40, 50, 60), "2", "case", ["2", "50"]),
    ],
)
def test_an_amount_far_from_what_the_customer_buys_is_asked(bought: tuple[int, ...], quantity: str, named: str | None, offered: list[str]) -> None:
    terms = Terms(unit="case", units=COLA.units, bought=tuple(map(Decimal, bought)))

    result = counted(terms, quantity, named)

    assert (result.quantity, result.issues, choices(result)) == (Decimal(quantity), (QuantityIssue.UNUSUAL,), offered)


@pytest.mark.parametrize(("bought", "quantity"), [((2, 2), "24"), ((1, 1, 1), "5"), ((10, 12, 8), "30"), ((), "900")])
def test_an_amount_that_history_does_not_speak_against_is_not_questioned(bought: tuple[int, ...], quantity: str) -> None:
    assert counted(Terms(unit="case", bought=tuple(map(Decimal, bought))), quantity).issues == ()


def test_what_goes_and_what_is_not_counted_is_not_questioned() -> None:
    terms = Terms(unit="case", minimum=Decimal(5), in_stock=False)

    assert count(Line(operation=Operation.REMOVE, quantity=Decimal(1), product="it"), terms, TODAY).issues == ()
    assert count(Line(product="it"), terms, TODAY) == Counted(quantity=None, unit="case", factor=Decimal(1))


@given(
    quantity=st.decimals(min_value=0, max_value=1_000_000, places=3),
    named=st.sampled_from([None, "case", "can", "each", "dozen", "lb", "kg", "l", "bag", "keg"]),
    sale=st.sampled_from(["case", "bottle", "lb", "each", "gal", "bunch"]),
    inner=st.none() | st.tuples(st.sampled_from(["can", "each", "kg"]), st.integers(1, 10_000)),
    bought=st.lists(st.decimals(min_value=0, max_value=1_000_000, places=3), max_size=4),
)
def test_whatever_is_asked_for_makes_an_amount_that_can_be_told(
    quantity: Decimal, named: str | None, sale: str, inner: tuple[str, int] | None, bought: list[Decimal]
) -> None:
    of_product = (unit(inner[0], "1"), unit(sale, str(inner[1]))) if inner else ()
    terms = Terms(unit=sale, units=of_product, bought=tuple(bought))

    result = count(Line(quantity=quantity, unit=named, product="it"), terms, TODAY)

    assert result.quantity is None or 0 <= result.quantity <= 1_000_000
    assert result.clarification is None or all(each.quantity >= 0 for each in result.clarification.choices)
    if result.quantity and terms.step:
        assert result.quantity % terms.step == 0


def test_units_have_the_names_that_analyses_give_them() -> None:
    named = {name: unit_name(name) for name in units.MEASURES | {"case", "bottle", "dozen", "each", "piece", "bunch"} if name != "fl oz"}

    assert named == {name: name for name in named}
