"""Numbers, units and quantities, each by itself."""

from decimal import Decimal

import pytest

from services.ai_agent.analyzer.numbers import read_number
from services.ai_agent.analyzer.quantities import find_quantities, read_quantity
from services.ai_agent.analyzer.tokens import tokenize
from services.ai_agent.analyzer.units import read_unit


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("3", "3"),
        ("1.5", "1.5"),
        ("1,5", "1.5"),
        (".5", "0.5"),
        ("1,000", "1000"),
        ("1/2", "0.5"),
        ("1⁄2", "0.5"),
        ("½", "0.5"),
        ("1½", "1.5"),
        ("1 1/2", "1.5"),
        ("1-1/2", "1.5"),
        ("2 and 1/2", "2.5"),
        ("two", "2"),
        ("twenty five", "25"),
        ("twenty-five", "25"),
        ("one hundred and twenty", "120"),
        ("two thousand", "2000"),
        ("one and a half", "1.5"),
        ("a couple of", "2"),
        ("half a", "0.5"),
    ],
)
def test_a_number_is_read_as_it_is_written(written: str, value: str) -> None:
    tokens = tokenize(written)
    number = read_number(tokens, 0)
    assert number is not None
    assert (number.value, number.upper, number.end) == (Decimal(value), None, len(tokens))


@pytest.mark.parametrize("written", ["3-4", "3 - 4", "3 to 4", "3 or 4", "3–4", "three to four"])
def test_a_range_has_two_ends(written: str) -> None:
    number = read_number(tokenize(written), 0)
    assert number is not None
    assert (number.value, number.upper) == (Decimal(3), Decimal(4))


@pytest.mark.parametrize("written", ["milk", "16/20", "80/20", "9999999", "half and half", "half-and-half", "%"])
def test_what_is_no_number_is_not_read(written: str) -> None:
    assert read_number(tokenize(written), 0) is None


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("cs", "case"),
        ("ctn", "carton"),
        ("bx", "box"),
        ("dz", "dozen"),
        ("doz.", "dozen"),
        ("ea", "each"),
        ("btl", "bottle"),
        ("#", "lb"),
        ("lbs", "lb"),
        ("fl. oz.", "fl oz"),
        ("fluid ounces", "fl oz"),
        ("Loaves", "loaf"),
        ("flats", "flat"),
        ("large cans", "can"),
    ],
)
def test_a_unit_has_one_name(written: str, name: str) -> None:
    unit = read_unit(tokenize(written), 0)
    assert unit is not None
    assert unit.name == name


@pytest.mark.parametrize("written", ["milk", "flat bread", "rib eye", "large eggs"])
def test_a_product_is_no_unit(written: str) -> None:
    assert read_unit(tokenize(written), 0) is None


@pytest.mark.parametrize(
    ("written", "value", "unit"),
    [
        ("3 cs whole milk", "3", "case"),
        ("3cs", "3", "case"),
        ("x3", "3", None),
        ("3x milk", "3", None),
        ("5# potatoes", "5", "lb"),
        ("half a case limes", "0.5", "case"),
        ("half a dozen eggs", "0.5", "dozen"),
        ("two dozen cases", "24", "case"),
        ("a couple of cases of limes", "2", "case"),
        ("a bag of ice", "1", "bag"),
        ("another case of milk", "1", "case"),
        ("2 more cases", "2", "case"),
        ("2 #10 cans tomatoes", "2", "can"),
        ("2 5lb bags flour", "2", "bag"),
        ("1 (12 ounce) bottle", "1", "bottle"),
        ("250g/9oz ham", "250", "g"),
        ("2x20kg flour", "2", None),
        ("10-oz steak", "10", "oz"),
        ("2burgers", "2", None),
    ],
)
def test_a_quantity_has_a_number_and_perhaps_a_unit(written: str, value: str, unit: str | None) -> None:
    found = read_quantity(tokenize(written), 0)
    assert found is not None
    assert (found.value, found.unit) == (Decimal(value), unit)


@pytest.mark.parametrize(
    "written",
    [
        "7up",
        "7-up",
        "2% milk",
        "2 percent milk",
        "3-bean salad",
        "5x6 tomatoes",
        "16/20 shrimp",
        "80/20 ground beef",
        "36 ct lemons",
        "#10 can",
        "by 5",
        "table 5",
        "the last one",
        "a friend",
        "3 half",
        "$3.50",
        "call 312-555-0123 at 10am",
    ],
)
def test_what_is_no_quantity_is_passed_over(written: str) -> None:
    tokens = tokenize(written)
    assert [found for found in find_quantities(tokens, 0, len(tokens)) if written != "3 half" or found.start > 0] == []
