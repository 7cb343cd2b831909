"""Earlier orders that a message means: the usual, same as last week. Found in what the customer bought, by rules alone."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum, auto
from uuid import UUID

from services.catalog_matcher.domain.phrases import words

ORDERS_OF_THE_USUAL = 6
"""The usual is what was in at least half of so many orders, the latest ones."""
WEEK = timedelta(days=7)
_DAYS = (
    "monday mon lunes segunda",
    "tuesday tue tues martes terca",
    "wednesday wed miercoles quarta",
    "thursday thu thur thurs jueves quinta",
    "friday fri viernes sexta",
    "saturday sat sabado",
    "sunday sun domingo",
)
_WEEKDAYS = {word: number for number, day in enumerate(_DAYS) for word in day.split()}
_USUAL = words("usual regular normal standard standing always habitual siempre acostumbrado costume sempre padrao estandar fijo fixo rotina rutina")
_YESTERDAY, _WEEK = frozenset({"yesterday", "ayer", "ontem", "yesterdays"}), frozenset({"week", "weeks", "semana"})
_MONTH = frozenset({"month", "months", "mes"})
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """A line of an order that a customer made on a day of theirs; purchases of one order have one `order_id`."""

    order_id: UUID
    ordered_on: date
    product_id: UUID
    variant_id: UUID | None
    product_name: str
    unit: str
    quantity: Decimal


class Meant(Enum):
    """Orders that no day is named of."""

    USUAL = auto()
    LAST = auto()


@dataclass(frozen=True, slots=True)
class Between:
    """Orders of the days from `first` to `last`."""

    first: date
    last: date


def read(phrase: str, today: date) -> Meant | Between:
    """Return what a writer's words point at, who writes them on `today`. Words that say nothing else mean the last order."""
    said = _words(phrase)
    if _USUAL & set(said):
        return Meant.USUAL
    if _YESTERDAY & set(said):
        return Between(today - timedelta(days=1), today - timedelta(days=1))
    for weekday in (_WEEKDAYS[word] for word in said if word in _WEEKDAYS):
        day = today - timedelta(days=(today.weekday() - weekday - 1) % 7 + 1)
        return Between(day, day)
    if _WEEK & set(said):
        monday = today - timedelta(days=today.weekday()) - WEEK
        return Between(monday, monday + timedelta(days=6))
    if _MONTH & set(said):
        end = today.replace(day=1) - timedelta(days=1)
        return Between(end.replace(day=1), end)
    return Meant.LAST


def resolve(phrase: str, purchases: Sequence[Purchase], today: date) -> tuple[Purchase, ...]:
    """Return what the order that `phrase` means is made of, a line a product; empty where there is no such order."""
    meant = read(phrase, today)
    if meant is Meant.USUAL:
        return _usual(_latest(purchases, ORDERS_OF_THE_USUAL))
    if isinstance(meant, Between):
        of_then = [each for each in purchases if meant.first <= each.ordered_on <= meant.last]
        on_this_weekday = [each for each in of_then if each.ordered_on.weekday() == today.weekday()]
        purchases = on_this_weekday or of_then
    return _merged(next(iter(_latest(purchases, 1)), ()))


def _latest(purchases: Iterable[Purchase], count: int) -> list[tuple[Purchase, ...]]:
    """Return the last orders, the latest first."""
    orders: dict[UUID, list[Purchase]] = defaultdict(list)
    for purchase in purchases:
        orders[purchase.order_id].append(purchase)
    latest = sorted(orders.values(), key=lambda order: (order[0].ordered_on, order[0].order_id), reverse=True)
    return [tuple(order) for order in latest[:count]]


def _usual(orders: Sequence[tuple[Purchase, ...]]) -> tuple[Purchase, ...]:
    """Return the products of at least half of the orders, each in its commonest amount; of amounts as common, the latest."""
    by_product: dict[tuple[UUID, UUID | None], list[Purchase]] = defaultdict(list)
    for order in orders:
        for purchase in _merged(order):
            by_product[purchase.product_id, purchase.variant_id].append(purchase)
    return tuple(_commonest(bought) for bought in by_product.values() if len(bought) * 2 >= len(orders))


def _commonest(bought: Sequence[Purchase]) -> Purchase:
    amounts = Counter((each.quantity, each.unit) for each in bought)
    return max(bought, key=lambda each: amounts[each.quantity, each.unit])


def _merged(order: Iterable[Purchase]) -> tuple[Purchase, ...]:
    """Put lines of one product and unit together."""
    merged: dict[tuple[UUID, UUID | None, str], Purchase] = {}
    for each in order:
        key = each.product_id, each.variant_id, each.unit
        merged[key] = replace(each, quantity=merged[key].quantity + each.quantity) if key in merged else each
    return tuple(merged.values())


def _words(phrase: str) -> list[str]:
    decomposed = unicodedata.normalize("NFKD", phrase).casefold()
    return _WORD.findall("".join(each for each in decomposed if not unicodedata.combining(each)))
