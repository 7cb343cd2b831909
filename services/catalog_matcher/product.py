"""A product as a distributor keeps it, and as it is told to others."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from schemas.analysis import Quantity
from schemas.match import UnitPrice
from schemas.product_changed import ProductChanged

Words = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], Field(max_length=200)]


class ProductDetails(BaseModel):
    """What a distributor says about a product."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sku: str = Field(min_length=1, max_length=100)
    name: str = Field(min_length=1, max_length=200)
    description: str | None = Field(default=None, max_length=5_000)
    category: str | None = Field(default=None, max_length=200)
    category_id: UUID | None = None
    unit: str = Field(min_length=1, max_length=50, description="Of sale, singular: case, lb, bottle")
    unit_price: UnitPrice
    brand: str | None = Field(default=None, max_length=200)
    model: str | None = Field(default=None, max_length=200)
    seasonal: bool = False
    minimum_order_quantity: Quantity = Decimal(1)
    maximum_order_quantity: Quantity | None = None
    lead_time_days: int = Field(default=0, ge=0, le=3_650)
    aliases: Words = ()
    keywords: Words = ()
    ai_training_examples: Words = ()
    common_misspellings: Words = ()
    seasonal_patterns: tuple[dict[str, Any], ...] = Field(default=(), max_length=100)
    in_stock: bool = True
    stock_quantity: Quantity | None = None
    active: bool = True


class NewProduct(ProductDetails):
    """A product that is to be written under a known id."""

    id: UUID


class StoredProduct(NewProduct):
    """A product as it stands in the catalog."""

    size_variants: tuple[Any, ...]
    created_at: datetime
    updated_at: datetime

    def changed(self, distributor_id: UUID) -> ProductChanged:
        """Return the event that tells others of this product."""
        return ProductChanged(
            distributor_id=distributor_id,
            occurred_at=self.updated_at,
            product_id=self.id,
            sku=self.sku,
            name=self.name,
            category=self.category,
            unit=self.unit,
            unit_price=self.unit_price,
            in_stock=self.in_stock,
            stock_quantity=self.stock_quantity,
            active=self.active,
        )


class Category(BaseModel):
    """A node of a distributor's tree of categories."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: UUID
    name: str = Field(min_length=1, max_length=200)
    parent_category_id: UUID | None = None
    description: str | None = None
    ai_keywords: Words = ()
    sort_order: int = 0
    active: bool = True
