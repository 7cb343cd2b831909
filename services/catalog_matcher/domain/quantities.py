"""How much of a product a line orders, in the unit that it is sold in, and what stands against that."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from statistics import median

from schemas.analysis import Line, Operation
from schemas.match import Choice, Clarification, QuantityIssue
from services.catalog_matcher.domain.conversion import Conversion, Unit, convert

THOUSANDTH = Decimal("0.001")
FACTOR_PLACES = 9
LARGEST = Decimal(1_000_000)
WEIGHT_VARIES_BY = Decimal("0.1")
"""An amount this near to whole pieces, for its size, means them where weights are averages."""
TIMES_TELL = 3
"""Purchases from which on a customer's history says what is usual, and how far outside of it an amount has to be to be questioned."""
LEAST_DIFFERENCE = 5
MOST_CHOICES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a product is sold to a customer; `bought` are the amounts that they ordered lately, in the unit of sale."""

    unit: str
    units: tuple[Unit, ...] = ()
    minimum: Decimal = Decimal(0)
    maximum: Decimal | None = None
    multiple: Decimal | None = None
    in_stock: bool = True
    stock: Decimal | None = None
    lead_time_days: int = 0
    months: frozenset[int] = frozenset()
    """In which it is to be had; empty: in all."""
    bought: tuple[Decimal, ...] = ()

    @property
    def step(self) -> Decimal | None:
        """What orders are multiples of; None: any amount."""
        return self.multiple or (None if self.is_measured else Decimal(1))

    @property
    def is_measured(self) -> bool:
        """Whether it is sold by weight or volume."""
        return convert(None, self.unit, ()).is_measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The amount in the unit of sale, None where it cannot be said; and the one question that is to be asked first."""

    quantity: Decimal | None
    unit: str
    factor: Decimal | None = None
    issues: tuple[QuantityIssue, ...] = ()
    clarification: Clarification | None = None


def count(line: Line, terms: Terms, today: date, wanted_on: date | None = None) -> Counted:
    """Return how much `line` orders. Nothing is guessed: what is not certain is questioned, with numbered choices."""
    conversion = convert(line.unit, terms.unit, terms.units)
    if line.quantity is None or line.operation is Operation.REMOVE or not line.quantity:
        amount = None if line.quantity is None or conversion.factor is None else _rounded(line.quantity * conversion.factor)
        return Counted(quantity=amount, unit=terms.unit, factor=_factor(conversion))
    if conversion.factor is None:
        return _unknown_unit(line.quantity, terms)
    amount = _rounded(line.quantity * conversion.factor)
    if amount > LARGEST:
        return Counted(quantity=None, unit=terms.unit, factor=_factor(conversion), issues=(QuantityIssue.ABOVE_MAXIMUM,))
    settled, split = _whole(amount, terms, conversion)
    question = split or _range(line, terms, conversion)
    return _checked(settled, amount, line, terms, conversion, question, today, wanted_on)


def _checked(
    settled: Decimal | None,
    amount: Decimal,
    line: Line,
    terms: Terms,
    conversion: Conversion,
    question: tuple[QuantityIssue, tuple[Decimal, ...]] | None,
    today: date,
    wanted_on: date | None,
) -> Counted:
    """Gather everything that stands against the amount; the first question that has choices is the one that is asked."""
    found: list[tuple[QuantityIssue, tuple[Decimal, ...]]] = [question] if question else []
    if settled is not None and settled != amount:
        found.append((QuantityIssue.AVERAGE_WEIGHT, ()))
    found += _limits(settled or amount, line, terms)
    found += [(issue, ()) for issue in _times(terms, today, wanted_on)]
    asked = next(((issue, amounts) for issue, amounts in found if amounts), None)
    return Counted(
        quantity=settled,
        unit=terms.unit,
        factor=_factor(conversion),
        issues=tuple(dict.fromkeys(issue for issue, _ in found)),
        clarification=Clarification(about=asked[0], choices=_choices(asked[1], terms, conversion)) if asked else None,
    )


def _whole(amount: Decimal, terms: Terms, conversion: Conversion) -> tuple[Decimal | None, tuple[QuantityIssue, tuple[Decimal, ...]] | None]:
    """Return the amount if it can be delivered so, or near enough where weights are averages; else the question, with what is below and above."""
    step = terms.step
    if step is None or not amount % step:
        return amount, None
    nearest = (amount / step).to_integral_value(ROUND_HALF_UP) * step
    if conversion.is_average and nearest and abs(nearest - amount) <= amount * WEIGHT_VARIES_BY:
        return nearest, None
    below, above = ((amount / step).to_integral_value(rounding) * step for rounding in (ROUND_FLOOR, ROUND_CEILING))
    issue = QuantityIssue.NOT_WHOLE if terms.multiple is None else QuantityIssue.NOT_A_MULTIPLE
    return None, (issue, tuple(each for each in (below, above) if each))


def _range(line: Line, terms: Terms, conversion: Conversion) -> tuple[QuantityIssue, tuple[Decimal, ...]] | None:
    if line.quantity is None or line.quantity_max is None or line.quantity_max <= line.quantity or conversion.factor is None:
        return None
    step, high = terms.step or Decimal(1), _rounded(line.quantity_max * conversion.factor)
    low = _rounded(line.quantity * conversion.factor)
    between = [low + step * number for number in range(MOST_CHOICES) if low + step * number < high]
    return QuantityIssue.RANGE, tuple(each for each in (*between[: MOST_CHOICES - 1], high) if each <= LARGEST)


def _limits(amount: Decimal, line: Line, terms: Terms) -> list[tuple[QuantityIssue, tuple[Decimal, ...]]]:
    found: list[tuple[QuantityIssue, tuple[Decimal, ...]]] = []
    if len(terms.bought) >= TIMES_TELL and _is_far_outside(amount, terms.bought):
        found.append((QuantityIssue.UNUSUAL, _likelier(amount, line, terms)))
    if amount < terms.minimum:
        found.append((QuantityIssue.BELOW_MINIMUM, (terms.minimum,)))
    if terms.maximum is not None and amount > terms.maximum:
        found.append((QuantityIssue.ABOVE_MAXIMUM, (_down_to_step(terms.maximum, terms),)))
    if not terms.in_stock or terms.stock == 0:
        found.append((QuantityIssue.OUT_OF_STOCK, ()))
    elif terms.stock is not None and terms.stock < amount:
        left = _down_to_step(terms.stock, terms)
        found.append((QuantityIssue.NOT_ENOUGH_STOCK, (left,) if left else ()))
    return found


def _is_far_outside(amount: Decimal, bought: tuple[Decimal, ...]) -> bool:
    most, least = max(bought), min(bought)
    too_much = amount > most * TIMES_TELL and amount - most >= LEAST_DIFFERENCE
    too_little = amount * TIMES_TELL < least and least - amount >= LEAST_DIFFERENCE
    return too_much or too_little


def _likelier(amount: Decimal, line: Line, terms: Terms) -> tuple[Decimal, ...]:
    """Return the amount as written, what it comes to in the smallest unit where that is usual, and what is usual."""
    usual = _rounded(Decimal(median(terms.bought)))
    inner = min((unit.factor for unit in terms.units), default=None)
    own = convert(None, terms.unit, terms.units).factor_of_sale
    in_inner = _rounded(line.quantity * inner / own) if inner and line.quantity and line.unit is None else None
    smaller = [in_inner] if in_inner and terms.step and not in_inner % terms.step and not _is_far_outside(in_inner, terms.bought) else []
    return tuple(dict.fromkeys((amount, *smaller, usual)))


def _times(terms: Terms, today: date, wanted_on: date | None) -> list[QuantityIssue]:
    too_soon = wanted_on is not None and wanted_on < today + timedelta(days=terms.lead_time_days)
    out_of_season = bool(terms.months) and (wanted_on or today).month not in terms.months
    return [issue for issue, holds in ((QuantityIssue.TOO_SOON, too_soon), (QuantityIssue.OUT_OF_SEASON, out_of_season)) if holds]


def _unknown_unit(quantity: Decimal, terms: Terms) -> Counted:
    """Ask whether as many of the unit of sale are meant, or as many of the smallest unit, where that comes to whole ones."""
    conversion = convert(None, terms.unit, terms.units)
    inner = min((unit.factor for unit in terms.units), default=conversion.factor_of_sale) / conversion.factor_of_sale
    amounts = [quantity, _rounded(quantity * inner)]
    whole = tuple(each for each in dict.fromkeys(amounts) if each and (terms.step is None or not each % terms.step))
    asked = Clarification(about=QuantityIssue.UNIT_UNKNOWN, choices=_choices(whole, terms, conversion)) if whole else None
    return Counted(quantity=None, unit=terms.unit, issues=(QuantityIssue.UNIT_UNKNOWN,), clarification=asked)


def _choices(amounts: tuple[Decimal, ...], terms: Terms, conversion: Conversion) -> tuple[Choice, ...]:
    """Return the amounts as choices; with what they hold where the customer counts in another unit, or the product has a smaller one."""
    named, factor = conversion.named, conversion.factor
    if not named or not factor or factor == 1:
        smallest = min(terms.units, key=lambda unit: unit.factor, default=None)
        named = smallest.unit if smallest else None
        factor = smallest.factor / conversion.factor_of_sale if smallest else None
    if not named or not factor or factor == 1:
        return tuple(Choice(quantity=_rounded(each), unit=terms.unit) for each in amounts[:MOST_CHOICES])
    return tuple(
        Choice(quantity=_rounded(each), unit=terms.unit, contents=min(_rounded(each / factor), LARGEST), contents_unit=named)
        for each in amounts[:MOST_CHOICES]
    )


def _factor(conversion: Conversion) -> Decimal | None:
    """As it is told: to nine places; one that is smaller cannot be told."""
    return (round(conversion.factor, FACTOR_PLACES) or None) if conversion.factor else None


def _down_to_step(amount: Decimal, terms: Terms) -> Decimal:
    return (amount / terms.step).to_integral_value(ROUND_FLOOR) * terms.step if terms.step else amount


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(THOUSANDTH, ROUND_HALF_UP)
