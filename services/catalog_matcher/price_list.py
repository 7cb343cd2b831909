"""What the customers of a group pay."""

from datetime import date, datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.match import UnitPrice


class PriceListDetails(BaseModel):
    """What a distributor says about a price list."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    description: str | None = Field(default=None, max_length=5_000)
    valid_from: date | None = None
    valid_to: date | None = None
    active: bool = True

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError("valid_to lies before valid_from")
        return self


class NewPriceList(PriceListDetails):
    """A price list that is to be written under a known id."""

    id: UUID


class PriceList(NewPriceList):
    """A price list as it stands; its prices are read by themselves."""

    created_at: datetime
    updated_at: datetime


class Price(BaseModel):
    """What a product costs on a list; without a variant: also those variants that the list does not name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    product_id: UUID
    variant_id: UUID | None = None
    unit_price: UnitPrice


class StoredPrice(Price):
    """A price as it stands on a list."""

    id: UUID
    created_at: datetime
    updated_at: datetime
