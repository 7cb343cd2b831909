"""Spellings of the same words and sizes come out the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalog_matcher.domain.normalise import Grade, normalise, sku_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Whole Milk", "  whole   MILK "),
        ("whl mlk", "whole milk"),
        ("tomatoes", "tomato"),
        ("tomatoe's", "tomato"),
        ("berries", "berry"),
        ("radishes", "radish"),
        ("jalapeños", "jalapenos"),
        ("Crème Fraîche", "creme fraiche"),
        ("half & half", "half and half"),
        ("half n half", "half and half"),
        ("some of the milk please", "milk"),
        ("frozen-peas", "frozen peas"),
        ("12oz cups", "12 oz. cups"),
        ("2 percent milk", "2% milk"),
        ("vodka 1 L", "vodka 1000ml"),
        ("vodka 1 liter", "vodka 1l"),
        ("wine 1,5 l", "wine 1500 ml"),
        ("salt 25 lbs", "salt 25lb"),
        ("salt 25 pounds", "salt 25lb"),
        ("shrimp 16-20", "shrimp 16/20"),
        ("film 18 inch", "film 18in"),
        ("ＭＩＬＫ", "milk"),
    ],
)
def test_different_spellings_are_the_same(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("bass", "bas"), ("asparagus", "asparagu"), ("2% milk", "1% milk"), ("16/20 shrimp", "21/25 shrimp"), ("12 oz", "12 lb"), ("gas", "ga")],
)
def test_different_things_stay_different(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


@pytest.mark.parametrize(
    ("text", "grades"),
    [
        ("2% milk", {Grade("%", "2")}),
        ("16/20 shrimp, 2 lb", {Grade("/", "16/20"), Grade("lb", "2")}),
        ("#10 cans", {Grade("#", "#10")}),
        ("9 x 9 clamshell", {Grade("x", "9x9")}),
        ("pack of 6", {Grade("", "6")}),
        ("6 packs", {Grade("", "6")}),
        ("milk", set[Grade]()),
    ],
)
def test_numbers_are_kept_with_what_they_are_numbers_of(text: str, grades: set[Grade]) -> None:
    assert normalise(text).grades == grades


def test_words_that_name_nothing_stay_where_nothing_else_is_left() -> None:
    assert normalise("some more").text == "some more"
    assert normalise("...").text == ""


def test_a_compound_is_the_same_joined_or_not_and_in_any_order_sorted() -> None:
    assert normalise("oat milk").joined == normalise("oatmilk").joined
    assert normalise("milk, whole").in_order == normalise("whole milk").in_order


@pytest.mark.parametrize("text", ["HF-10010", "hf10010", " hf 10010 ", "HF.10010"])
def test_a_sku_is_its_letters_and_digits(text: str) -> None:
    assert sku_key(text) == "hf10010"


@given(st.text(max_size=200))
def test_any_text_comes_out_in_one_case(text: str) -> None:
    phrase = normalise(text)
    assert phrase.text == phrase.text.casefold()
    assert phrase.joined == phrase.text.replace(" ", "")
