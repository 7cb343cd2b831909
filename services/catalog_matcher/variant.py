"""What a product is sold as: its variants, and the units that it is counted in."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from schemas.analysis import Quantity
from schemas.match import UnitPrice
from services.catalog_matcher.product import Words

Factor = Annotated[Decimal, Field(gt=0, le=Decimal(1_000_000), max_digits=14, decimal_places=6)]


class VariantType(StrEnum):
    """In what the variants of a product differ."""

    SIZE = "SIZE"
    COLOR = "COLOR"
    VOLUME = "VOLUME"
    WEIGHT = "WEIGHT"
    FLAVOR = "FLAVOR"
    STYLE = "STYLE"


class VariantDetails(BaseModel):
    """What a distributor says about a variant."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    variant_name: str = Field(min_length=1, max_length=200)
    variant_type: VariantType
    sku: str = Field(min_length=1, max_length=100)
    unit_price: UnitPrice
    stock_quantity: Quantity | None = None
    low_stock_threshold: Quantity | None = None
    ai_aliases: Words = ()
    sort_order: int = Field(default=0, ge=-1_000_000, le=1_000_000)
    active: bool = True


class NewVariant(VariantDetails):
    """A variant that is to be written under a known id."""

    id: UUID
    product_id: UUID


class Variant(NewVariant):
    """A variant as it stands in the catalog; `price_difference` is to the product's own price."""

    price_difference: Decimal
    created_at: datetime
    updated_at: datetime


class UnitDetails(BaseModel):
    """A unit that a product is counted in: a case of 12 bottles is the unit case, factor 12, beside the unit bottle, factor 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: str = Field(min_length=1, max_length=50)
    factor: Factor = Field(description="How many of the product's smallest unit it holds")
    is_default: bool = Field(default=False, description="What a number without a unit counts")
    catch_weight: bool = Field(default=False, description="The weight differs from piece to piece; the factor is the average")
    gtin: str | None = Field(default=None, pattern=r"^([0-9]{8}|[0-9]{12,14})$")


class NewUnit(UnitDetails):
    """A unit that is to be written under a known id."""

    id: UUID
    product_id: UUID


class Unit(NewUnit):
    """A unit as it stands in the catalog."""

    created_at: datetime
    updated_at: datetime
