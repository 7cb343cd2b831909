"""A product as a distributor keeps it, and as it is told to others."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from schemas.analysis import Quantity
from schemas.match import UnitPrice

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
    order_multiple: Annotated[Quantity, Field(gt=0)] | None = Field(
        default=None, description="Ordered in multiples of this; null: in whole ones, or in any amount where the unit is a measure"
    )
    lead_time_days: int = Field(default=0, ge=0, le=3_650)
    aliases: Words = ()
    keywords: Words = ()
    ai_training_examples: Words = ()
    common_misspellings: Words = ()
    seasonal_patterns: tuple[dict[str, Any], ...] = Field(default=(), max_length=100, description='When it is to be had: {"months": [6, 7, 8]}')
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
