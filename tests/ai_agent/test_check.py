"""A reading is held against its text."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.ai_agent.check import NotInTheText, checked
from services.ai_agent.forms import MessageRead
from services.ai_agent.in_the_text import are_words_of, find, numbers_in

TODAY = date(2026, 11, 25)


def reading(words: str, quantity: float | None, product: str | None, **more: Any) -> MessageRead:
    line = {"operation": "add", "words": words, "quantity": quantity, "quantity_max": None, "unit": None, "product": product, "replaces": None}
    line |= {"confidence": 0.9}
    fixed = {"order_complete": False, "references": [], "requested_delivery_date": None, "language": "en", "confidence": 0.9}
    return MessageRead.model_validate({"intent": "order", "lines": [line], **fixed, **more})


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("3 cs milk", ["3"]),
        ("2 doz eggs", ["2", "12", "24"]),
        ("1 1/2 cases", ["1.5"]),
        ("half a case", ["0.5"]),
        ("1,5 kg", ["1.5"]),
        ("1,500 cups and 1.500,00 lids", ["1500"]),
        ("twenty five boxes", ["20", "5", "25"]),
        ("dos cajas y media", ["2", "0.5"]),
        ("½ case", ["0.5"]),
        ("nothing at all", []),
    ],
)
def test_numbers_are_read_in_digits_and_words(text: str, numbers: list[str]) -> None:
    assert {Decimal(number) for number in numbers} <= numbers_in(text)
    assert numbers or not numbers_in(text)


def test_words_are_found_whatever_their_case_and_spaces() -> None:
    assert find("Whole  milk", "3 cs whole\nmilk, whole milk") == (5, 15)
    assert find("whole milk", "3 cs whole\nmilk, whole milk", 10) == (17, 27)
    assert find("butter", "3 cs milk") is None
    assert find("  ", "3 cs milk") is None


def test_personal_data_that_the_model_did_not_see_may_stand_in_a_line() -> None:
    text = "3 cs milk for 212-555-0100, thanks"
    assert find("3 cs milk for [PHONE],", text) == (0, 27)
    assert find("[PHONE]", text) is None
    assert find("[PHONE] [EMAIL] thanks", text) is None


@pytest.mark.parametrize(("phrase", "are"), [("whole milk", True), ("milk", True), ("MILKS", False), ("oat milk", False), ("", False), ("…", False)])
def test_a_phrase_is_made_of_the_text_s_words(phrase: str, are: bool) -> None:
    assert are_words_of(phrase, "3 cs Whole Milk, please") is are


def test_spans_and_quantities_come_from_the_text() -> None:
    analysis = checked(reading("3 cs whole milk", 3, "whole milk"), "Hi, 3 cs whole milk", TODAY)
    [line] = analysis.lines
    assert (line.text_start, line.text_end, line.quantity, line.confidence) == (4, 19, 3, Decimal("0.900"))


def test_a_quantity_that_nobody_named_is_none_where_the_model_counts_one() -> None:
    assert checked(reading("milk", 1, "milk"), "milk", TODAY).lines[0].quantity is None


def test_a_quantity_in_words_that_we_do_not_read_is_for_a_person() -> None:
    analysis = checked(reading("kolme laatikkoa maitoa", 3, "maitoa"), "kolme laatikkoa maitoa", TODAY)
    assert (analysis.lines[0].quantity, analysis.lines[0].confidence, analysis.confidence) == (3, Decimal("0.5"), Decimal("0.5"))


@pytest.mark.parametrize(
    "read",
    [
        reading("4 cs milk", 4, "milk"),
        reading("3 cs milk", 4, "milk"),
        reading("3 cs milk", 3, "cream"),
        reading("3 cs milk", 3, "milk", requested_delivery_date="tomorrow"),
        reading("3 cs milk", 3, "milk", requested_delivery_date="2026-11-24"),
        reading("3 cs milk", 3, "milk", intent="greeting"),
        reading("3 cs milk", 3, "milk", references=["the usual"]),
    ],
)
def test_what_is_not_in_the_text_is_refused(read: MessageRead) -> None:
    with pytest.raises(NotInTheText):
        checked(read, "3 cs milk", TODAY)
