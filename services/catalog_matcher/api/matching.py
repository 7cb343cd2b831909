"""What phrases would match, and which products look like one and the same."""

import asyncio
from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from libs import postgres
from schemas.analysis import Line, Quantity
from schemas.match import MatchedLine
from services.catalog_matcher import store
from services.catalog_matcher.api.editing import Operator, This
from services.catalog_matcher.domain import duplicates
from services.catalog_matcher.domain.duplicates import Reason
from services.catalog_matcher.match_lines import Wanted, match_lines

router = APIRouter()

MOST_PHRASES = 200


class Phrase(BaseModel):
    """What a customer might write."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    phrase: str = Field(min_length=1, max_length=200)
    quantity: Quantity | None = None
    unit: str | None = Field(default=None, max_length=50, description="Canonical and singular, such as case, dozen, lb")


class ToMatch(BaseModel):
    """Phrases, and who writes them: their own names, prices and purchases count."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    phrases: tuple[Phrase, ...] = Field(min_length=1, max_length=MOST_PHRASES)
    customer_id: UUID | None = None
    delivery_date: date | None = None


class Matches(BaseModel):
    """The lines that an order would get. A phrase that names a bundle has a line for each of its items."""

    lines: tuple[MatchedLine, ...]


class ProductNamed(BaseModel):
    """A product by what tells it apart."""

    product_id: UUID
    sku: str
    name: str


class Duplicate(BaseModel):
    """Two products that may be one."""

    one: ProductNamed
    other: ProductNamed
    reason: Reason
    likeness: float = Field(ge=0, le=1, description="Of the names")


class Duplicates(BaseModel):
    """The surest first."""

    items: list[Duplicate]


@router.post("/match", tags=["matching"])
async def match_phrases(caller: Operator, this: This, wanted: ToMatch) -> Matches:
    """Which products phrases mean today, with the runners-up, prices and amounts. Changes nothing."""
    lines = tuple(Line(product=each.phrase, quantity=each.quantity, unit=each.unit) for each in wanted.phrases)
    message = Wanted(
        distributor_id=caller.distributor_id,
        customer_id=wanted.customer_id,
        lines=lines,
        sent_at=datetime.now(UTC),
        delivery_date=wanted.delivery_date,
    )
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        [found] = await match_lines(tx, [message])
    return Matches(lines=found.lines)


@router.get("/duplicates", tags=["matching"])
async def list_duplicates(caller: Operator, this: This, limit: Annotated[int, Query(ge=1, le=1_000)] = 100) -> Duplicates:
    """Active products of one catalog that look alike: the same GTIN, the same name, or nearly so."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        named = await store.select_named(tx, caller.distributor_id)
    pairs = await asyncio.to_thread(duplicates.find, named, limit)
    return Duplicates(
        items=[
            Duplicate(
                one=ProductNamed(product_id=pair.one.product_id, sku=pair.one.sku, name=pair.one.name),
                other=ProductNamed(product_id=pair.other.product_id, sku=pair.other.sku, name=pair.other.name),
                reason=pair.reason,
                likeness=pair.likeness,
            )
            for pair in pairs
        ]
    )
