"""Phrases are remembered by what they say, and found in what was written."""

import pytest

from services.catalog_matcher.domain.duplicates import Named, Reason, find
from services.catalog_matcher.domain.phrases import phrase_in, phrase_key
from tests.catalog_matcher.making import named


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Whole Milk", "whole  milk"),
        ("the whole milk", "whole milk"),
        ("tomatoes", "Tomato"),
        ("jalapeños", "jalapeno"),
        ("blue boxes", "the blue box"),
        ("berries", "berry"),
        ("leche de la casa", "LECHE CASA"),
    ],
)
def test_phrases_that_say_the_same_have_one_key(one: str, other: str) -> None:
    assert phrase_key(one) == phrase_key(other)


@pytest.mark.parametrize(("one", "other"), [("2% milk", "1% milk"), ("red wine", "red vine"), ("16/20 shrimp", "21/25 shrimp")])
def test_phrases_that_say_something_else_have_another_key(one: str, other: str) -> None:
    assert phrase_key(one) != phrase_key(other)


@pytest.mark.parametrize("text", ["", "...", "🙂"])
def test_a_text_without_words_has_no_key(text: str) -> None:
    assert phrase_key(text) == ""


@pytest.mark.parametrize(
    ("written", "phrase"),
    [
        ("3 cs whole milk", "whole milk"),
        ("whole milk x3", "whole milk"),
        ("milk - 2 cases", "milk"),
        ("2x oat milk", "oat milk"),
        ("12kg of the blue one", "blue one"),
        ("dos cajas de leche", "leche"),
        ("meia dúzia de ovos", "ovos"),
        ("half a case of 2% milk please", "2% milk"),
        ("7up", "7up"),
        ("3 cases", ""),
    ],
)
def test_a_phrase_is_what_is_left_of_a_line(written: str, phrase: str) -> None:
    assert phrase_in(written) == phrase


def pairs(*products: Named) -> list[tuple[str, str, Reason]]:
    return [(pair.one.sku, pair.other.sku, pair.reason) for pair in find(products, 100)]


def test_products_that_look_like_one_are_found_the_surest_first() -> None:
    found = pairs(
        named("A", "Whole Milk Gallon"),
        named("B", "Gallon whole milk"),
        named("C", "Whole Milk Galon"),
        named("D", "2% Milk Gallon"),
        named("E", "Oat drink", "12345670"),
        named("F", "Barista oats", "00000012345670"),
    )

    assert found == [
        ("E", "F", Reason.SAME_GTIN),
        ("A", "B", Reason.SAME_NAME),
        ("A", "C", Reason.SIMILAR_NAME),
        ("B", "C", Reason.SIMILAR_NAME),
    ]


def test_names_that_differ_in_a_number_are_of_different_products() -> None:
    assert pairs(named("A", "Milk 1% Gallon"), named("B", "Milk 2% Gallon"), named("C", "Shrimp 16/20"), named("D", "Shrimp 21/25")) == []
