"""Phrases find their products, honestly."""

from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.match import Match, MatchingMethod, Product
from services.catalog_matcher.domain.index import Index
from services.catalog_matcher.domain.matching import match
from services.catalog_matcher.domain.segment import Entry

EXACT, FUZZY, UNMATCHED = MatchingMethod.EXACT_MATCH, MatchingMethod.FUZZY_MATCH, MatchingMethod.UNMATCHED
SURE = Decimal("0.7")
"""What a distributor asks of a match that nobody is to look at."""


def entry(sku: str, name: str, *aliases: str, misspelt: tuple[str, ...] = ()) -> Entry:
    product = Product(product_id=uuid4(), sku=sku, name=name, unit="case", unit_price=Decimal(10))
    return Entry(distributor_id=uuid4(), product=product, aliases=aliases, misspellings=misspelt)


CATALOG = Index.of([
    entry("D-1", "Whole Milk Gallon", "milk", "whole milk", misspelt=("hole milk",)),
    entry("D-2", "2% Milk Gallon", "two percent"),
    entry("D-3", "Oat Milk Barista"),
    entry("D-4", "Unsalted Butter", "butter"),
    entry("D-5", "Salted Butter"),
    entry("D-6", "Heavy Cream 36%", "whipping cream"),
    entry("S-1", "Shrimp 16/20 Peeled"),
    entry("S-2", "Shrimp 21/25 Peeled"),
    entry("V-1", "Vodka Well 1 L", "well vodka"),
    entry("V-2", "Vodka Well 750 ml"),
    entry("P-1", "Hot Cups 12 oz", "coffee cups"),
    entry("P-2", "Portion Cups 2 oz"),
    entry("C-1", "Sharp Cheddar Block", "cheddar block"),
    entry("C-2", "Shredded Mild Cheddar", "shredded cheddar"),
    entry("T-1", "Roma Tomatoes", "romas"),
    entry("T-2", "Cherry Tomatoes"),
])  # fmt: skip


def found(phrase: str) -> tuple[MatchingMethod, str | None]:
    result = match(CATALOG, phrase)
    return result.method, result.product.sku if result.product else None


@pytest.mark.parametrize(
    ("phrase", "sku"),
    [
        ("D-1", "D-1"),
        ("d1", "D-1"),
        ("Whole Milk Gallon", "D-1"),
        ("whl mlk", "D-1"),
        ("hole milk", "D-1"),
        ("milk, whole", "D-1"),
        ("the milks please", "D-1"),
        ("2 percent milk gallon", "D-2"),
        ("oatmilk barista", "D-3"),
        ("16-20 shrimp peeled", "S-1"),
        ("well vodka 1000ml", "V-1"),
        ("roma toms", "T-1"),
    ],
)
def test_a_name_however_it_is_spelt_is_certain(phrase: str, sku: str) -> None:
    result = match(CATALOG, phrase)
    assert (result.method, result.product and result.product.sku) == (EXACT, sku)
    assert (result.score, result.confidence, result.alternatives) == (1, 1, ())


@pytest.mark.parametrize(
    ("phrase", "sku"),
    [
        ("whole mikl", "D-1"),
        ("heavy creem 36%", "D-6"),
        ("unsaltd buter", "D-4"),
        ("wipping cream", "D-6"),
        ("cofee cups", "P-1"),
        ("shreded chedar", "C-2"),
    ],
)
def test_a_misspelt_name_is_found_and_nearly_certain(phrase: str, sku: str) -> None:
    result = match(CATALOG, phrase)
    assert (result.method, result.product and result.product.sku) == (FUZZY, sku)
    assert SURE <= result.confidence < 1
    assert all(candidate.product.sku != sku for candidate in result.alternatives)


@pytest.mark.parametrize(
    ("phrase", "never"),
    [("1% milk", "D-2"), ("shrimp 31/40 peeled", "S-1"), ("shrimp 31/40 peeled", "S-2"), ("16 oz hot cups", "P-1"), ("well vodka 2 l", "V-1")],
)
def test_a_product_of_another_grade_is_not_the_match_but_may_be_named(phrase: str, never: str) -> None:
    result = match(CATALOG, phrase)
    assert result.product is None or result.product.sku != never
    assert result.confidence < SURE


def test_of_two_grades_the_one_asked_for_is_found() -> None:
    assert found("peeled shrimps 21/25 raw") == (FUZZY, "S-2")
    assert found("vodka well 750") == (FUZZY, "V-2")


def test_a_bare_number_that_the_product_does_not_have_is_not_certain() -> None:
    assert match(CATALOG, "hot cups 12").confidence >= SURE
    assert match(CATALOG, "hot cups 16").confidence < SURE


def test_a_sku_of_no_letters_and_digits_is_not_everything() -> None:
    assert match(Index.of([entry("---", "Milk")]), "!!!").method is UNMATCHED


def test_what_fits_two_products_is_not_certain() -> None:
    result = match(CATALOG, "cheddar")
    assert result.confidence < SURE
    named = {candidate.product.sku for candidate in result.alternatives} | ({result.product.sku} if result.product else set())
    assert {"C-1", "C-2"} <= named


def test_two_products_of_one_name_share_the_certainty() -> None:
    catalog = Index.of([entry("A", "Orange Juice"), entry("B", "Orange Juice"), entry("C", "Juice Press", "orange juice")])

    result = match(catalog, "oj")

    assert (result.method, result.product and result.product.sku, result.confidence) == (EXACT, "A", Decimal("0.5"))
    assert [(candidate.product.sku, candidate.score) for candidate in result.alternatives] == [("B", 1)]


def test_a_name_is_stronger_than_an_alias_and_an_alias_than_a_misspelling() -> None:
    catalog = Index.of([entry("A", "Lime Wedges", misspelt=("limes",)), entry("B", "Citrus", "limes"), entry("C", "Limes")])
    assert match(catalog, "limes").product == catalog.main.product(2)
    assert match(Index.of([entry("A", "Lime Wedges", misspelt=("limes",)), entry("B", "Citrus", "limes")]), "limes").confidence == 1


@pytest.mark.parametrize("phrase", ["printer toner", "xyzzy", "!!!", "", "🥛"])
def test_what_the_catalog_does_not_have_is_not_found(phrase: str) -> None:
    assert found(phrase) == (UNMATCHED, None)


def test_an_empty_catalog_finds_nothing() -> None:
    assert match(Index.of([]), "milk") == Match(method=UNMATCHED)


@settings(max_examples=200)
@given(st.text(max_size=60) | st.lists(st.sampled_from(["milk", "whole", "2%", "16/20", "shrimp", "1", "l", "cups", "tomatos"])).map(" ".join))
def test_a_match_is_always_well_formed(phrase: str) -> None:
    result = match(CATALOG, phrase)
    assert (result.product is None) == (result.method is UNMATCHED)
    assert len({candidate.product.sku for candidate in result.alternatives}) == len(result.alternatives) <= 5
    assert [candidate.score for candidate in result.alternatives] == sorted((candidate.score for candidate in result.alternatives), reverse=True)
    assert result.method is EXACT or result.confidence < 1
