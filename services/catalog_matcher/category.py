"""A node of a distributor's tree of categories."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.catalog_matcher.product import Words


class CategoryDetails(BaseModel):
    """What a distributor says about a category."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    parent_category_id: UUID | None = Field(default=None, description="Null at the top")
    description: str | None = Field(default=None, max_length=5_000)
    ai_keywords: Words = ()
    sort_order: int = Field(default=0, ge=-1_000_000, le=1_000_000)
    active: bool = True


class Category(CategoryDetails):
    """A category that is to be written under a known id."""

    id: UUID


class StoredCategory(Category):
    """A category as it stands in the tree."""

    created_at: datetime
    updated_at: datetime
