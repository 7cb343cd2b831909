"""What customers mean by the usual, and by last week."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID, uuid4, uuid5

import pytest

from services.catalog_matcher.domain.references import Between, Meant, Purchase, read, resolve

WEDNESDAY = date(2026, 7, 15)
NAMES = UUID(int=1)


def day(month: int, number: int) -> Between:
    return Between(date(2026, month, number), date(2026, month, number))


@pytest.mark.parametrize(
    ("phrase", "meant"),
    [
        ("the usual", Meant.USUAL),
        ("My Regular order", Meant.USUAL),
        ("same as always", Meant.USUAL),
        ("lo de siempre", Meant.USUAL),
        ("o de sempre", Meant.USUAL),
        ("o padrão", Meant.USUAL),
        ("same as last time", Meant.LAST),
        ("repeat my last order", Meant.LAST),
        ("same again", Meant.LAST),
        ("lo mismo", Meant.LAST),
        ("igual ao último pedido", Meant.LAST),
        ("same as last week", Between(date(2026, 7, 6), date(2026, 7, 12))),
        ("last week's order", Between(date(2026, 7, 6), date(2026, 7, 12))),
        ("igual que la semana pasada", Between(date(2026, 7, 6), date(2026, 7, 12))),
        ("mesmo da semana passada", Between(date(2026, 7, 6), date(2026, 7, 12))),
        ("same as last month", Between(date(2026, 6, 1), date(2026, 6, 30))),
        ("same as yesterday", day(7, 14)),
        ("igual que ayer", day(7, 14)),
        ("same as last Tuesday", day(7, 14)),
        ("same as last wednesday", day(7, 8)),
        ("same as last thu", day(7, 9)),
        ("lo mismo del miércoles", day(7, 8)),
        ("o mesmo de terça", day(7, 14)),
    ],
)
def test_words_point_at_orders(phrase: str, meant: Meant | Between) -> None:
    assert read(phrase, WEDNESDAY) == meant


def order(days_ago: int, **amounts: int) -> list[Purchase]:
    """An order so many days before today, of products by their names."""
    order_id = uuid4()
    return [
        Purchase(
            order_id=order_id,
            ordered_on=WEDNESDAY - timedelta(days=days_ago),
            product_id=uuid5(NAMES, name),
            variant_id=None,
            product_name=name,
            unit="case",
            quantity=Decimal(amount),
        )
        for name, amount in amounts.items()
    ]


def resolved(phrase: str, *orders: list[Purchase]) -> dict[str, int]:
    return {each.product_name: int(each.quantity) for each in resolve(phrase, [line for lines in orders for line in lines], WEDNESDAY)}


def test_the_last_order_is_the_latest() -> None:
    assert resolved("same as last time", order(9, milk=1), order(2, milk=3, eggs=2), order(30, tea=1)) == {"milk": 3, "eggs": 2}


def test_the_usual_is_what_is_in_half_of_the_orders_in_its_commonest_amount() -> None:
    orders = (order(1, milk=3, eggs=2), order(8, milk=3, eggs=1, tea=5), order(15, milk=4), order(22, milk=4, eggs=1))

    assert resolved("the usual", *orders) == {"milk": 3, "eggs": 1}


def test_what_was_usual_long_ago_is_not_usual() -> None:
    assert resolved("the usual", *(order(7 * number, milk=1) for number in range(1, 7)), *(order(70 + number, tea=1) for number in range(9))) == {
        "milk": 1
    }


def test_of_the_orders_of_last_week_that_of_this_weekday_is_meant() -> None:
    assert resolved("same as last week", order(5, tea=1), order(7, milk=2), order(9, eggs=1)) == {"milk": 2}
    assert resolved("same as last week", order(5, tea=1), order(9, eggs=1), order(2, milk=7)) == {"tea": 1}


def test_the_order_of_a_day_is_that_of_the_day_and_of_no_other() -> None:
    assert resolved("same as last tuesday", order(1, milk=2), order(8, milk=9)) == {"milk": 2}
    assert resolved("same as last tuesday", order(2, milk=2), order(8, milk=9)) == {}


def test_lines_of_one_product_are_put_together() -> None:
    [first] = order(1, milk=2)
    again = replace(first, quantity=Decimal(3))

    assert resolved("last order", [first, again]) == {"milk": 5}


def test_who_never_ordered_has_no_usual() -> None:
    assert resolved("the usual") == {}
