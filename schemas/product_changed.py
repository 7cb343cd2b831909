"""`product.changed`: a product of a tenant's catalog, as it is now. Compacted."""

from decimal import Decimal
from uuid import UUID

from schemas.event import Event
from schemas.match import UnitPrice


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
