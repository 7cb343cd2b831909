"""From the unit that a customer names to the unit that a product is sold in."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from schemas.units import MEASURES, canonical, ratio, used_alike

PIECES = frozenset({"each", "piece"})
HOLDS_OTHERS = frozenset({"case", "box", "carton", "crate", "tray", "flat", "bag", "sack", "pack", "package", "pallet", "bundle"})
"""Of these, a dozen is not twelve: it is twelve of what is in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit of a product; `factor` is how many of the product's smallest unit it holds."""

    unit: str
    factor: Decimal
    is_default: bool = False
    catch_weight: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """What one of the named unit is in the unit of sale: None where that is not known."""

    named: str
    factor: Decimal | None
    factor_of_sale: Decimal
    is_measure: bool
    is_average: bool


def convert(named: str | None, sale: str, units: Iterable[Unit]) -> Conversion:
    """Return what one `named` unit is in units of sale; no name means the default unit, which is the unit of sale where no other is."""
    units = tuple(units)
    sold = canonical(sale)
    default = next((unit.unit for unit in units if unit.is_default), sale)
    wanted = canonical(named or default)
    known = {canonical(unit.unit): unit.factor for unit in units}
    own = known.get(sold, Decimal(1))
    in_smallest = own if wanted == sold else _in_smallest(wanted, sold, known, own)
    return Conversion(
        named=wanted,
        factor=None if in_smallest is None else in_smallest / own,
        factor_of_sale=own,
        is_measure=sold in MEASURES,
        is_average=any(unit.catch_weight for unit in units),
    )


def _in_smallest(wanted: str, sold: str, known: dict[str, Decimal], own: Decimal) -> Decimal | None:
    """Return how many of the smallest unit one of `wanted` holds: by the product's own units, by measures of one kind, by what people use alike."""
    if wanted in known:
        return known[wanted]
    for unit, factor in known.items():
        if (times := ratio(wanted, unit)) is not None:
            return times * factor
    if (times := ratio(wanted, sold)) is not None:
        return times * own
    if (pieces := ratio(wanted, "each")) is not None:
        return _pieces(wanted, pieces, sold, known, own)
    alike = [factor for unit, factor in ({sold: own} | known).items() if used_alike(wanted, unit)]
    return alike[0] if len(alike) == 1 else None


def _pieces(wanted: str, pieces: Decimal, sold: str, known: dict[str, Decimal], own: Decimal) -> Decimal | None:
    """Return what pieces or dozens are of: the smallest unit there is, or the unit of sale where that holds nothing smaller that we know of."""
    smallest = min(known, key=known.__getitem__, default=None)
    if smallest is not None and known[smallest] < own:
        return None if smallest in MEASURES else pieces * known[smallest]
    return pieces * own if wanted in PIECES or sold not in HOLDS_OTHERS | MEASURES else None
