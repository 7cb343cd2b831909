"""From the rows of a file and the products that are there to the products as they are to be."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from pydantic import ValidationError

from schemas.units import canonical
from services.catalog_matcher.importing.cells import Problem, Row
from services.catalog_matcher.importing.columns import NEEDED
from services.catalog_matcher.product import NewProduct
from services.catalog_matcher.variant import UnitDetails

OF_UNITS = ("pack_quantity", "pack_unit", "gtin")
PATH_SEPARATOR = ">"
PIECE = "each"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """What a row says of a product's unit; without a factor the one that it has stays."""

    product_id: UUID
    unit: str
    factor: Decimal | None
    gtin: str | None = None


@dataclass(slots=True)
class Merged:
    """The products and packs that rows make, and what is wrong with the others."""

    products: list[NewProduct] = field(default_factory=list[NewProduct])
    packs: list[Pack] = field(default_factory=list[Pack])
    problems: list[Problem] = field(default_factory=list[Problem])


def merge(import_id: UUID, rows: Sequence[Row], there: Mapping[str, Mapping[str, Any]], categories: Mapping[str, UUID]) -> Merged:
    """Return what becomes of `rows`: an empty cell leaves a product that is `there` (by SKU) as it is. `categories` are ids by the written path."""
    merged = Merged()
    for row in rows:
        before = there.get(row.values["sku"])
        if before is None and (missing := [column for column in NEEDED if column not in row.values]):
            merged.problems += [Problem(row.number, column, "is empty; a new product needs it") for column in missing]
            continue
        try:
            product = _product(import_id, row, before, categories)
            packs = list(_packs(product, row.values))
        except ValidationError as error:
            merged.problems += _problems(row, error)
            continue
        merged.products.append(product)
        merged.packs += packs
    return merged


def _product(import_id: UUID, row: Row, before: Mapping[str, Any] | None, categories: Mapping[str, UUID]) -> NewProduct:
    given = {column: value for column, value in row.values.items() if column not in OF_UNITS}
    if category := given.get("category"):
        given |= {"category": path_of(category)[-1], "category_id": categories[category]}
    if before is None:
        return NewProduct.model_validate({"id": uuid5(import_id, given["sku"])} | given)
    return NewProduct.model_validate(dict(before) | given)


def path_of(category: str) -> tuple[str, ...]:
    """Return the names of a written path such as Dairy > Milk, the topmost first."""
    return tuple(name[:200] for part in category.split(PATH_SEPARATOR) if (name := part.strip())) or (category[:200],)


def _packs(product: NewProduct, values: Mapping[str, Any]) -> Iterator[Pack]:
    """Yield the unit of sale with what it holds, and the unit that is in it."""
    factor, inner, gtin = values.get("pack_quantity"), values.get("pack_unit", PIECE), values.get("gtin")
    if factor is None and gtin is None:
        return
    checked = UnitDetails(unit=product.unit, factor=Decimal(1) if factor is None else factor, gtin=gtin)
    yield Pack(product_id=product.id, unit=product.unit, factor=None if factor is None else checked.factor, gtin=gtin)
    if factor is not None and canonical(inner) != canonical(product.unit):
        yield Pack(product_id=product.id, unit=UnitDetails(unit=inner, factor=Decimal(1)).unit, factor=Decimal(1))


def _problems(row: Row, error: ValidationError) -> Iterator[Problem]:
    for each in error.errors():
        column = str(each["loc"][0]) if each["loc"] else None
        yield Problem(row.number, "pack_quantity" if column == "factor" else column, f"{each['msg'][0].lower()}{each['msg'][1:]}; mend the cell")
