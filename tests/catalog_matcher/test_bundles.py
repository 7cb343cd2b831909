"""Bundles become lines of their items, and cost what they are to cost."""

from decimal import ROUND_HALF_UP, Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.analysis import Line, Operation
from schemas.match import Product
from services.catalog_matcher.domain.bundles import Bundle, Item, PricingMode, expand, priced

CENT = Decimal("0.01")


def item(name: str, price: str, quantity: str) -> Item:
    product = Product(product_id=uuid4(), sku=name, name=name, unit="case", unit_price=Decimal(price))
    return Item(product=product, quantity=Decimal(quantity))


def bundle(*items: Item, mode: PricingMode = PricingMode.SUM, price: str | None = None, percent: str | None = None) -> Bundle:
    return Bundle(
        bundle_id=uuid4(),
        pricing_mode=mode,
        items=items,
        bundle_price=Decimal(price) if price else None,
        discount_percent=Decimal(percent) if percent else None,
    )


BREAKFAST = (item("Milk", "10", "2"), item("Eggs", "30", "1"))


def total(of: Bundle, times: Decimal) -> Decimal:
    prices = [product.unit_price for product in priced(of, times)]
    return sum(((price * each.quantity * times).quantize(CENT, ROUND_HALF_UP) for price, each in zip(prices, of.items, strict=True)), Decimal(0))


@pytest.mark.parametrize(
    ("of", "cost"),
    [
        (bundle(*BREAKFAST), "150.00"),
        (bundle(*BREAKFAST, mode=PricingMode.PERCENT, percent="10"), "135.00"),
        (bundle(*BREAKFAST, mode=PricingMode.FIXED, price="40"), "120.00"),
    ],
)
def test_three_of_a_bundle_cost_what_its_mode_says(of: Bundle, cost: str) -> None:
    assert total(of, Decimal(3)) == Decimal(cost)


@given(
    prices=st.lists(st.decimals(min_value=0, max_value=500, places=2), min_size=1, max_size=6),
    quantities=st.lists(st.integers(1, 12), min_size=6, max_size=6),
    price=st.decimals(min_value=0, max_value=2_000, places=2),
    times=st.integers(1, 8),
)
def test_the_lines_of_a_fixed_price_add_up_to_it_to_the_cent(prices: list[Decimal], quantities: list[int], price: Decimal, times: int) -> None:
    items = [item("x", str(each), str(quantity)) for each, quantity in zip(prices, quantities, strict=False)]

    assert total(bundle(*items, mode=PricingMode.FIXED, price=str(price)), Decimal(times)) == price * times


def test_a_line_of_a_bundle_becomes_a_line_for_each_item() -> None:
    of = bundle(*BREAKFAST)
    line = Line(quantity=Decimal(2), product="breakfast pack", text_start=4, text_end=20)

    [milk, eggs] = expand(line, of)

    assert [(each.line.product, each.line.quantity, each.line.unit) for each in (milk, eggs)] == [("Milk", 4, "case"), ("Eggs", 2, "case")]
    assert {(each.line.text_start, each.line.text_end, each.bundle_id) for each in (milk, eggs)} == {(4, 20, of.bundle_id)}


def test_what_is_swapped_for_a_bundle_is_replaced_once() -> None:
    swapped = expand(Line(operation=Operation.SWAP, product="breakfast pack", replaces="tea"), bundle(*BREAKFAST))

    assert [(each.line.operation, each.line.replaces) for each in swapped] == [(Operation.SWAP, "tea"), (Operation.ADD, None)]
