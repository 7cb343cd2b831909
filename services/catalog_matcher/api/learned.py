"""What customers call products, what they bought, and what they ask for that the catalog does not know."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from libs import postgres
from libs.idempotency import IdempotencyKey
from libs.postgres import Transaction
from libs.refused import NotFound, Refused
from services.catalog_matcher import aliases_store, purchases_store
from services.catalog_matcher.aliases_store import Alias
from services.catalog_matcher.api.editing import FIRST, Limit, Manager, Operator, This, create
from services.catalog_matcher.domain.phrases import phrase_key

router = APIRouter()

MOST_DAYS = 400


class AliasPage(BaseModel):
    """Some aliases, and the cursor of those that follow; null on the last page."""

    items: list[Alias]
    next: UUID | None


class AliasWanted(BaseModel):
    """A name that a customer has for a product."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    customer_id: UUID
    phrase: str = Field(min_length=1, max_length=200)
    product_id: UUID
    variant_id: UUID | None = None


class Bought(BaseModel):
    """A line of an order of a customer."""

    order_id: UUID
    ordered_on: date
    product_id: UUID
    variant_id: UUID | None
    product_name: str
    unit: str
    quantity: Decimal


class Unmatched(BaseModel):
    """A phrase that the catalog does not know, and how often it was asked for."""

    phrase: str
    times: int
    first_seen_at: datetime
    last_seen_at: datetime


class UnmatchedPage(BaseModel):
    """Some phrases, and the cursor of those that follow; null on the last page."""

    items: list[Unmatched]
    next: int | None


@router.get("/aliases", tags=["learning"])
async def list_aliases(caller: Operator, this: This, customer_id: UUID | None = None, cursor: UUID = FIRST, limit: Limit = 50) -> AliasPage:
    """What customers call products."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        some = await aliases_store.select_aliases(tx, caller.distributor_id, customer_id, cursor, limit)
    return AliasPage(items=list(some), next=some[-1].id if len(some) == limit else None)


@router.post("/aliases", status_code=HTTPStatus.CREATED, response_model=Alias, tags=["learning"])
async def create_alias(caller: Manager, this: This, request: Request, key: IdempotencyKey, wanted: AliasWanted) -> JSONResponse:
    """Write down what a customer calls a product; it is found first from now on."""
    compared = phrase_key(wanted.phrase)
    if not compared:
        raise Refused("a phrase needs letters or digits")

    async def write(tx: Transaction) -> Alias:
        return await aliases_store.insert_manual(
            tx, caller.distributor_id, wanted.customer_id, wanted.phrase, compared, wanted.product_id, wanted.variant_id
        )

    return await create(this, caller, request, key, write)


@router.delete("/aliases/{alias_id}", status_code=HTTPStatus.NO_CONTENT, tags=["learning"])
async def delete_alias(caller: Manager, this: This, alias_id: UUID) -> None:
    """Forget an alias; an order that says it again teaches it again."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        if not await aliases_store.delete_alias(tx, caller.distributor_id, alias_id):
            raise NotFound(f"there is no alias {alias_id}")


@router.get("/customers/{customer_id}/purchases", tags=["learning"])
async def list_purchases(caller: Operator, this: This, customer_id: UUID, limit: Limit = 50) -> list[Bought]:
    """What a customer bought, the latest first; empty for a customer of whom nothing is known."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        bought = await purchases_store.select_purchases(tx, [(caller.distributor_id, customer_id)])
    return [Bought(**{name: getattr(each, name) for name in Bought.model_fields}) for each in bought[customer_id][:limit]]


@router.get("/coverage", tags=["learning"])
async def list_unmatched(
    caller: Operator,
    this: This,
    days: Annotated[int, Query(ge=1, le=MOST_DAYS)] = 30,
    cursor: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Limit = 50,
) -> UnmatchedPage:
    """What customers asked for in the last days and the catalog does not know, the commonest first."""
    since = datetime.now(UTC) - timedelta(days=days)
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        some = await aliases_store.select_unmatched(tx, caller.distributor_id, since, cursor, limit)
    return UnmatchedPage(items=[Unmatched(**each) for each in some], next=cursor + limit if len(some) == limit else None)


@router.delete("/coverage", status_code=HTTPStatus.NO_CONTENT, tags=["learning"])
async def delete_unmatched(caller: Manager, this: This, phrase: Annotated[str, Query(min_length=1, max_length=200)]) -> None:
    """Forget a phrase that was dealt with, by an alias, say."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        if not await aliases_store.delete_unmatched(tx, caller.distributor_id, phrase_key(phrase)):
            raise NotFound("this phrase is not among those that were not matched")
