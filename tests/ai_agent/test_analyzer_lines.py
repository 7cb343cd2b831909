"""The lines of whole messages: what is added, set, removed and swapped."""

from datetime import date
from decimal import Decimal

import pytest

from schemas.analysis import Intent, Operation
from services.ai_agent.analyzer import analyze

TODAY = date(2026, 11, 18)
Lines = list[tuple[str | None, str | None, str | None]]


def added(text: str) -> Lines:
    """Quantity, unit and product of each line; fails if a line does anything but add."""
    lines = analyze(text, TODAY).lines
    assert all(line.operation is Operation.ADD for line in lines)
    return [(None if line.quantity is None else str(line.quantity), line.unit, line.product) for line in lines]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("pls send 3 cs whole milk", [("3", "case", "whole milk")]),
        ("can you send 3 cs milk?", [("3", "case", "milk")]),
        ("milk x3", [("3", None, "milk")]),
        ("tomatoes - 2 cases", [("2", "case", "tomatoes")]),
        ("tomatoes 2 cs", [("2", "case", "tomatoes")]),
        ("whole milk qty: 3", [("3", None, "whole milk")]),
        ("whole milk (3)", [("3", None, "whole milk")]),
        ("3 flats strawberries, 50# yukon gold and 2 doz eggs", [("3", "flat", "strawberries"), ("50", "lb", "yukon gold"), ("2", "dozen", "eggs")]),
        ("milk 2 cs\neggs 3 doz\n4 bags flour", [("2", "case", "milk"), ("3", "dozen", "eggs"), ("4", "bag", "flour")]),
        ("- 2 cs milk\n- 3 eggs", [("2", "case", "milk"), ("3", None, "eggs")]),
        ("1. milk 3 cs\n2) 4 limes", [("3", "case", "milk"), ("4", None, "limes")]),
        ("2 red wine 3 white wine 1 cava", [("2", None, "red wine"), ("3", None, "white wine"), ("1", None, "cava")]),
        ("2 cs mac and cheese and 3 cs limes", [("2", "case", "mac and cheese"), ("3", "case", "limes")]),
        ("salt and vinegar chips 3", [("3", None, "salt and vinegar chips")]),
        ("half and half 2 cs", [("2", "case", "half and half")]),
        ("2 cs 2% milk, 7up 3 cs", [("2", "case", "2% milk"), ("3", "case", "7up")]),
        ("2 cs 16/20 shrimp + 10 lb 80/20 ground beef", [("2", "case", "16/20 shrimp"), ("10", "lb", "80/20 ground beef")]),
        ("6 #10 cans crushed tomatoes", [("6", "can", "#10 crushed tomatoes")]),
        ("2 5lb bags flour", [("2", "bag", "5lb flour")]),
        ("2x20kg rice", [("2", None, "20kg rice")]),
        ("3 cs 12oz cups, 4 cs coke 1L", [("3", "case", "12oz cups"), ("4", "case", "coke 1L")]),
        ("16 oz deli containers - 2 cs", [("2", "case", "16 oz deli containers")]),
        ("6 garlic cloves", [("6", "clove", "garlic")]),
        ("1 lb onions, peeled and diced, 2 firm, ripe tomatoes", [("1", "lb", "onions"), ("2", None, "firm, ripe tomatoes")]),
        ("2 cs milk and some butter", [("2", "case", "milk"), (None, None, "butter")]),
        ("could you also bring some napkins?", [(None, None, "napkins")]),
        ("whole milk", [(None, None, "whole milk")]),
        ("milk, eggs, butter please", [(None, None, "milk"), (None, None, "eggs"), (None, None, "butter")]),
        ("deliver 5 cs romaine by 10am to 12 Main Street, call 312-555-0123", [("5", "case", "romaine")]),
        ("Order for Joe's Diner:\n2 cs milk\nThanks,\nJoe", [("2", "case", "milk")]),
        ("we are low on milk so please send 3 more cases", [("3", "case", None)]),
        ("hola! 1 cs still water", [("1", "case", "still water")]),
    ],
)
def test_an_order_is_read_line_by_line(text: str, lines: Lines) -> None:
    assert added(text) == lines
    assert analyze(text, TODAY).intent is Intent.ORDER


@pytest.mark.parametrize(
    ("text", "operation", "quantity", "product", "replaces"),
    [
        ("make that 5 not 3", Operation.SET, 5, None, None),
        ("make it 5", Operation.SET, 5, None, None),
        ("5", Operation.SET, 5, None, None),
        ("I meant 4 cs", Operation.SET, 4, None, None),
        ("actually 4 cs of the milk", Operation.SET, 4, "milk", None),
        ("actually make the butter 48", Operation.SET, 48, "butter", None),
        ("change the milk to 4", Operation.SET, 4, "milk", None),
        ("change the milk from 3 to 5", Operation.SET, 5, "milk", None),
        ("make the milk 6", Operation.SET, 6, "milk", None),
        ("eggs should be 4 doz", Operation.SET, 4, "eggs", None),
        ("eggs 5 instead of 3", Operation.SET, 5, "eggs", None),
        ("eggs to 2", Operation.SET, 2, "eggs", None),
        ("no make it 4", Operation.SET, 4, None, None),
        ("no, 4 cs not 3 of the romaine", Operation.SET, 4, "romaine", None),
        ("just 3 this time", Operation.SET, 3, None, None),
        ("drop the eggs to 2", Operation.SET, 2, "eggs", None),
        ("scrap the last one", Operation.REMOVE, None, None, None),
        ("remove the whole milk", Operation.REMOVE, None, "whole milk", None),
        ("remove the milk from my order", Operation.REMOVE, None, "milk", None),
        ("take the milk off", Operation.REMOVE, None, "milk", None),
        ("no butter this week", Operation.REMOVE, None, "butter", None),
        ("no more milk", Operation.REMOVE, None, "milk", None),
        ("we don't need any eggs", Operation.REMOVE, None, "eggs", None),
        ("scrap the eggs we have plenty", Operation.REMOVE, None, "eggs", None),
        ("0 milk", Operation.REMOVE, None, "milk", None),
        ("swap whole milk for 2% milk", Operation.SWAP, None, "2% milk", "whole milk"),
        ("replace romaine with 3 cs iceberg", Operation.SWAP, 3, "iceberg", "romaine"),
        ("sub oat milk for whole milk", Operation.SWAP, None, "oat milk", "whole milk"),
        ("2% milk instead of whole milk", Operation.SWAP, None, "2% milk", "whole milk"),
        ("instead of whole milk send 2%", Operation.SWAP, None, "2%", "whole milk"),
    ],
)
def test_a_change_is_read(text: str, operation: Operation, quantity: int | None, product: str | None, replaces: str | None) -> None:
    analysis = analyze(text, TODAY)
    (line,) = analysis.lines
    assert (line.operation, line.quantity, line.product, line.replaces) == (operation, quantity, product, replaces)
    assert analysis.intent is Intent.MODIFY


def test_an_order_may_also_take_something_off() -> None:
    analysis = analyze("pls send 3 cs whole milk and 2 doz eggs, no butter this week", TODAY)
    assert [(line.operation, line.product) for line in analysis.lines] == [
        (Operation.ADD, "whole milk"),
        (Operation.ADD, "eggs"),
        (Operation.REMOVE, "butter"),
    ]
    assert analysis.intent is Intent.ORDER


def test_one_verb_removes_a_whole_list() -> None:
    analysis = analyze("remove the milk, eggs and the butter", TODAY)
    assert [(line.operation, line.product) for line in analysis.lines] == [(Operation.REMOVE, name) for name in ("milk", "eggs", "butter")]


def test_what_is_kept_is_not_removed() -> None:
    analysis = analyze("i want to cancel the eggs but keep the milk", TODAY)
    assert [(line.operation, line.product) for line in analysis.lines] == [(Operation.REMOVE, "eggs")]


def test_each_part_of_a_list_of_changes_is_read() -> None:
    analysis = analyze("change the milk to 4, eggs to 2", TODAY)
    assert [(line.operation, line.product, line.quantity) for line in analysis.lines] == [(Operation.SET, "milk", 4), (Operation.SET, "eggs", 2)]


def test_a_remark_on_a_dish_removes_nothing() -> None:
    assert analyze("no onions on the burgers", TODAY).lines == ()


def test_a_range_keeps_both_ends_and_is_less_sure() -> None:
    (line,) = analyze("2-3 cs avocados", TODAY).lines
    assert (line.quantity, line.quantity_max) == (Decimal(2), Decimal(3))
    assert line.confidence < analyze("2 cs avocados", TODAY).lines[0].confidence


def test_a_line_says_where_it_stands_in_the_text() -> None:
    text = "hi! 3 cs whole milk, eggs 2 doz please"
    assert [text[line.text_start : line.text_end] for line in analyze(text, TODAY).lines] == ["3 cs whole milk", "eggs 2 doz"]
