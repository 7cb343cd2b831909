"""A bundle that a line names becomes lines of its items, at the prices that the bundle makes."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from enum import StrEnum
from uuid import UUID

from schemas.analysis import Line, Operation
from schemas.match import Match, MatchedLine, MatchingMethod, Product

CENT, PRICE = Decimal("0.01"), Decimal("0.0001")
LARGEST = Decimal(1_000_000)


class PricingMode(StrEnum):
    """What a bundle costs: its items' own prices, one price for all, or these prices with a part taken off."""

    SUM = "SUM"
    FIXED = "FIXED"
    PERCENT = "PERCENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """So much of a product, in its unit of sale."""

    product: Product
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Products that are ordered together under one name."""

    bundle_id: UUID
    pricing_mode: PricingMode
    items: tuple[Item, ...]
    bundle_price: Decimal | None = None
    discount_percent: Decimal | None = None


def expand(line: Line, bundle: Bundle) -> tuple[MatchedLine, ...]:
    """Return a line for each item, as often as `line` orders the bundle. Where it swaps something for the bundle, its first item takes that place."""
    times = Decimal(1) if line.quantity is None else line.quantity
    products = priced(bundle, times)
    return tuple(
        MatchedLine(
            line=_line(line, item, min(item.quantity * times, LARGEST), is_first=item is bundle.items[0]),
            match=Match(method=MatchingMethod.EXACT_MATCH, product=product, score=Decimal(1), confidence=Decimal(1)),
            bundle_id=bundle.bundle_id,
        )
        for item, product in zip(bundle.items, products, strict=True)
    )


def priced(bundle: Bundle, times: Decimal) -> tuple[Product, ...]:
    """Return the items' products at the prices that they have when the bundle is ordered `times` times."""
    match bundle.pricing_mode:
        case PricingMode.SUM:
            prices = [item.product.unit_price for item in bundle.items]
        case PricingMode.PERCENT:
            kept = 1 - (bundle.discount_percent or Decimal(0)) / 100
            prices = [(item.product.unit_price * kept).quantize(PRICE, ROUND_HALF_UP) for item in bundle.items]
        case PricingMode.FIXED:
            prices = _shares(bundle.items, bundle.bundle_price or Decimal(0), times)
    return tuple(item.product.model_copy(update={"unit_price": price}) for item, price in zip(bundle.items, prices, strict=True))


def _shares(items: Sequence[Item], price: Decimal, times: Decimal) -> list[Decimal]:
    """Divide the price of all by what the items cost alone, in whole cents of the lines; what is left over goes to the first."""
    times = times or Decimal(1)
    total = (price * times).quantize(CENT, ROUND_HALF_UP)
    worth = [item.product.unit_price * item.quantity for item in items]
    if not sum(worth):
        worth = [Decimal(1)] * len(items)
    lines = [(total * each / sum(worth)).quantize(CENT, ROUND_DOWN) for each in worth]
    lines[0] += total - sum(lines)
    return [(line / (item.quantity * times)).quantize(PRICE, ROUND_HALF_UP) for line, item in zip(lines, items, strict=True)]


def _line(line: Line, item: Item, quantity: Decimal, *, is_first: bool) -> Line:
    swapped_beside = line.operation is Operation.SWAP and not is_first
    return line.model_copy(
        update={
            "operation": Operation.ADD if swapped_beside else line.operation,
            "replaces": None if swapped_beside else line.replaces,
            "quantity": quantity,
            "quantity_max": None,
            "unit": item.product.unit,
            "product": item.product.name,
        }
    )
