"""`product.changed`: a product of a tenant's catalog, as it is now. Compacted."""

from decimal import Decimal
from uuid import UUID

from schemas.event import Event, Fact
from schemas.match import UnitPrice


class Variant(Fact):
    """A version of the product that is sold by a SKU and at a price of its own."""

    variant_id: UUID
    sku: str
    name: str
    unit_price: UnitPrice
    stock_quantity: Decimal | None
    active: bool


class Unit(Fact):
    """A unit that the product is counted in; `factor` is how many of its smallest unit that holds."""

    unit: str
    factor: Decimal
    gtin: str | None = None


class ProductChanged(Event):
    """The product's master data that other systems act on."""

    topic = "product.changed"
    subject_field = "product_id"
    key_fields = ("product_id",)

    product_id: UUID
    sku: str
    name: str
    category: str | None
    unit: str
    unit_price: UnitPrice
    in_stock: bool
    stock_quantity: Decimal | None
    active: bool
    variants: tuple[Variant, ...] = ()
    units: tuple[Unit, ...] = ()
