"""What customers have meant and bought decides where names leave it open."""

from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from schemas.match import MatchingMethod, Product
from services.catalog_matcher.domain.history import Alias, Aliases, History, Level, Purchase, alias_key
from services.catalog_matcher.domain.index import Index
from services.catalog_matcher.domain.matching import Wanted, match, match_many
from services.catalog_matcher.domain.segment import Entry

TODAY = date(2025, 6, 30)


def entry(sku: str, name: str, *, unit: str = "case", in_stock: bool = True, aliases: tuple[str, ...] = ()) -> Entry:
    product = Product(product_id=UUID(int=int.from_bytes(sku.encode())), sku=sku, name=name, unit=unit, unit_price=Decimal(10))
    return Entry(distributor_id=uuid4(), product=product, in_stock=in_stock, aliases=aliases)


def number(sku: str) -> UUID:
    return UUID(int=int.from_bytes(sku.encode()))


def bought(sku: str, times: int = 8, last: date = date(2025, 6, 20), unit: str = "case") -> History:
    return History({number(sku): Purchase(product_id=number(sku), unit=unit, times=times, last=last, usual_quantity=Decimal(3))})


def meant(phrase: str, *aliases: tuple[str, Level, float]) -> Aliases:
    return Aliases({alias_key(phrase): tuple(Alias(product_id=number(sku), level=level, strength=strength) for sku, level, strength in aliases)})


CATALOG = Index.of([
    entry("A", "Whole Milk Gallon Meadow"), entry("B", "Whole Milk Gallon Valley"),
    entry("C", "Oat Milk"), entry("D", "Courgette"), entry("E", "Frankfurter"),
    entry("F", "Chickpeas"), entry("G", "Chicken Breast Boneless"), entry("H", "Orange Juice"), entry("I", "Orange Juice", unit="bottle"),
])  # fmt: skip


def sku(phrase: str, **known: object) -> str | None:
    found = match(CATALOG, phrase, **known)  # pyright: ignore[reportArgumentType]
    return found.product.sku if found.product else next((each.product.sku for each in found.alternatives), None)


@pytest.mark.parametrize("which", ["A", "B"])
def test_of_two_that_fit_as_well_the_one_that_the_customer_buys_is_first(which: str) -> None:
    without, known = match(CATALOG, "whole milk gallon"), match(CATALOG, "whole milk gallon", history=bought(which), today=TODAY)
    assert known.product
    assert known.product.sku == which
    assert known.confidence > without.confidence


def test_what_was_bought_long_ago_says_less_than_what_was_bought_lately() -> None:
    lately, long_ago = bought("A").purchases[number("A")], bought("A", last=date(2022, 6, 1)).purchases[number("A")]
    assert lately.habit(None, None, TODAY) > 2 * long_ago.habit(None, None, TODAY)
    assert lately.habit("case", Decimal(3), TODAY) > lately.habit("lb", Decimal(500), TODAY)


def test_a_habit_does_not_turn_one_product_into_another() -> None:
    assert sku("oat milk", history=bought("A", times=500), today=TODAY) == "C"
    assert sku("chicken breast", history=bought("A", times=500), today=TODAY) == "G"


def test_of_two_of_the_same_name_the_unit_decides() -> None:
    assert sku("orange juice", unit="bottle") == "I"


def test_what_the_customer_meant_before_is_found_before_all_else() -> None:
    found = match(CATALOG, "oat milk", aliases=meant("Milk, oat", ("A", Level.CUSTOMER, 1.0)))
    assert (found.method, found.product and found.product.sku) == (MatchingMethod.LEARNED, "A")
    assert found.confidence > Decimal("0.9")


def test_what_others_meant_gives_way_to_a_products_own_name() -> None:
    assert match(CATALOG, "oat milk", aliases=meant("oat milk", ("A", Level.TENANT, 1.0))).method is MatchingMethod.EXACT_MATCH
    found = match(CATALOG, "the white stuff", aliases=meant("white stuff", ("A", Level.TENANT, 1.0)))
    assert (found.method, found.product and found.product.sku) == (MatchingMethod.LEARNED, "A")


def test_what_was_learned_of_a_product_that_is_no_longer_offered_counts_for_nothing() -> None:
    assert sku("oat milk", aliases=meant("oat milk", ("Z", Level.CUSTOMER, 1.0))) == "C"


def test_two_meanings_of_a_customers_word_are_not_as_sure_as_one() -> None:
    found = match(CATALOG, "the usual white", aliases=meant("the usual white", ("A", Level.CUSTOMER, 0.6), ("B", Level.CUSTOMER, 0.5)))
    assert found.confidence < Decimal("0.7")
    assert [each.product.sku for each in found.alternatives] == ["B"]


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [("zucchini", "D"), ("hot dogs", "E"), ("garbanzo beans", "F"), ("pechuga de pollo", "G"), ("chkn brst bnls", "G"), ("suco de laranja", "H")],
)
def test_other_names_of_the_same_thing_are_known(phrase: str, expected: str) -> None:
    assert sku(phrase) in ({expected, "I"} if expected == "H" else {expected})


def test_candidates_come_with_their_reasons() -> None:
    found = match(CATALOG, "whole milk galon", history=bought("B"), today=TODAY)
    assert found.alternatives[0].product.sku == "A"
    assert set(found.alternatives[0].reasons) >= {"some_words", "spelling"}
    assert all(reason.isidentifier() for each in found.alternatives for reason in each.reasons)


def test_the_lines_of_a_message_are_answered_in_their_order() -> None:
    lines = [Wanted(phrase="oat milk"), Wanted(phrase="orange juice", unit="bottle"), Wanted(phrase="oat milk")]
    found = match_many(CATALOG, lines, today=TODAY)
    assert [each.product and each.product.sku for each in found] == ["C", "I", "C"]


def test_what_is_out_of_stock_gives_way_to_its_like() -> None:
    catalog = Index.of([entry("A", "Roma Tomatoes Alta", in_stock=False), entry("B", "Roma Tomatoes Baja")])
    found = match(catalog, "roma tomatoes")
    first = found.product or found.alternatives[0].product
    assert first.sku == "B"
