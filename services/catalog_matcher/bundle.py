"""Products that are ordered together under one name, as a distributor keeps them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.analysis import Quantity
from schemas.match import UnitPrice
from services.catalog_matcher.domain.bundles import PricingMode
from services.catalog_matcher.domain.phrases import phrase_key
from services.catalog_matcher.product import Words


class BundleItem(BaseModel):
    """So much of a product, in its unit of sale unless another of its units is named."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    product_id: UUID
    variant_id: UUID | None = None
    quantity: Annotated[Quantity, Field(gt=0)]
    unit: str | None = Field(default=None, min_length=1, max_length=50)
    optional: bool = Field(default=False, description="Left out unless the customer asks for it")


class BundleDetails(BaseModel):
    """What a distributor says about a bundle."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    sku: str = Field(min_length=1, max_length=100)
    description: str | None = Field(default=None, max_length=5_000)
    pricing_mode: PricingMode = PricingMode.SUM
    bundle_price: UnitPrice | None = Field(default=None, description="With FIXED: for all items together")
    discount_percent: Annotated[Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2)] | None = Field(
        default=None, description="With PERCENT: off the items' prices"
    )
    ai_aliases: Words = ()
    valid_from: date | None = None
    valid_to: date | None = None
    active: bool = True
    items: tuple[BundleItem, ...] = Field(min_length=1, max_length=100)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.bundle_price is not None) != (self.pricing_mode is PricingMode.FIXED):
            raise ValueError("bundle_price belongs to pricing_mode FIXED, and FIXED needs it")
        if (self.discount_percent is not None) != (self.pricing_mode is PricingMode.PERCENT):
            raise ValueError("discount_percent belongs to pricing_mode PERCENT, and PERCENT needs it")
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError("valid_to lies before valid_from")
        if len({(item.product_id, item.variant_id) for item in self.items}) < len(self.items):
            raise ValueError("a product stands in a bundle once; add the quantities")
        return self

    @property
    def phrase_keys(self) -> list[str]:
        """What it is called, as phrases are compared."""
        return sorted({key for text in (self.sku, self.name, *self.ai_aliases) if (key := phrase_key(text))})


class NewBundle(BundleDetails):
    """A bundle that is to be written under a known id."""

    id: UUID


class Bundle(NewBundle):
    """A bundle as it stands in the catalog."""

    created_at: datetime
    updated_at: datetime
