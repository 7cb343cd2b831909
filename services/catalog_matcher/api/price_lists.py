"""Price lists, and the prices on them."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Body, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from libs import postgres
from libs.idempotency import IdempotencyKey
from libs.postgres import Transaction
from libs.refused import NotFound, Refused
from services.catalog_matcher import price_lists_store
from services.catalog_matcher.api.editing import FIRST, IfMatch, Limit, Manager, Operator, Patch, This, check_version, create, etag, found, patched
from services.catalog_matcher.price_list import NewPriceList, Price, PriceList, PriceListDetails, StoredPrice

router = APIRouter(prefix="/price-lists", tags=["price lists"])

MOST_PRICES = 1_000


class PriceListPage(BaseModel):
    """Some price lists, and the cursor of those that follow; null on the last page."""

    items: list[PriceList]
    next: UUID | None


class PricePage(BaseModel):
    """Some prices, and the cursor of those that follow; null on the last page."""

    items: list[StoredPrice]
    next: UUID | None


class Written(BaseModel):
    """How many of the prices were new or another before."""

    written: int


@router.get("")
async def list_price_lists(caller: Operator, this: This, cursor: UUID = FIRST, limit: Limit = 50) -> PriceListPage:
    """The price lists."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        some = await price_lists_store.select_price_lists(tx, caller.distributor_id, cursor, limit)
    return PriceListPage(items=list(some), next=some[-1].id if len(some) == limit else None)


@router.get("/{list_id}")
async def get_price_list(caller: Operator, this: This, response: Response, list_id: UUID) -> PriceList:
    """One price list."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        listed = await _price_list(tx, caller.distributor_id, list_id)
    response.headers["ETag"] = etag(listed)
    return listed


@router.post("", status_code=HTTPStatus.CREATED, response_model=PriceList)
async def create_price_list(caller: Manager, this: This, request: Request, key: IdempotencyKey, wanted: PriceListDetails) -> JSONResponse:
    """Add a price list; a customer's `price_list_id` makes it theirs."""

    async def write(tx: Transaction) -> PriceList:
        new = NewPriceList(id=uuid4(), **wanted.model_dump())
        await price_lists_store.upsert_price_list(tx, caller.distributor_id, new)
        return await _price_list(tx, caller.distributor_id, new.id)

    return await create(this, caller, request, key, write)


@router.patch("/{list_id}")
async def change_price_list(caller: Manager, this: This, response: Response, list_id: UUID, patch: Patch, if_match: IfMatch = None) -> PriceList:
    """Change the named fields of a price list."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        listed = await _price_list(tx, caller.distributor_id, list_id, changing=True)
        check_version(if_match, listed)
        details = patched(PriceListDetails, listed, patch)
        await price_lists_store.upsert_price_list(tx, caller.distributor_id, NewPriceList(id=list_id, **details.model_dump()))
        listed = await _price_list(tx, caller.distributor_id, list_id)
    response.headers["ETag"] = etag(listed)
    return listed


@router.delete("/{list_id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_price_list(caller: Manager, this: This, list_id: UUID, if_match: IfMatch = None) -> None:
    """Delete a price list; its customers pay the standard prices from then on."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        check_version(if_match, await _price_list(tx, caller.distributor_id, list_id, changing=True))
        await price_lists_store.delete_price_list(tx, caller.distributor_id, list_id)


@router.get("/{list_id}/prices")
async def list_prices(caller: Operator, this: This, list_id: UUID, cursor: UUID = FIRST, limit: Limit = 50) -> PricePage:
    """The prices of a list."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        await _price_list(tx, caller.distributor_id, list_id)
        some = await price_lists_store.select_prices(tx, caller.distributor_id, list_id, cursor, limit)
    return PricePage(items=list(some), next=some[-1].id if len(some) == limit else None)


@router.put("/{list_id}/prices")
async def put_prices(
    caller: Manager, this: This, list_id: UUID, prices: Annotated[list[Price], Body(min_length=1, max_length=MOST_PRICES)]
) -> Written:
    """Write these prices; the others of the list stay."""
    if len({(price.product_id, price.variant_id) for price in prices}) < len(prices):
        raise Refused("a product or variant stands there twice; send each once")
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        await _price_list(tx, caller.distributor_id, list_id, changing=True)
        return Written(written=await price_lists_store.upsert_prices(tx, caller.distributor_id, list_id, prices))


@router.delete("/{list_id}/prices/{price_id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_price(caller: Manager, this: This, list_id: UUID, price_id: UUID) -> None:
    """Take a price off a list."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        if not await price_lists_store.delete_price(tx, caller.distributor_id, list_id, price_id):
            raise NotFound(f"there is no price {price_id} on the list {list_id}")


async def _price_list(tx: Transaction, distributor_id: UUID, list_id: UUID, *, changing: bool = False) -> PriceList:
    return found(await price_lists_store.select_price_list(tx, distributor_id, list_id, changing=changing), "price list", list_id)
