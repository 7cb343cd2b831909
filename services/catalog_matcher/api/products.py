"""The products of a catalog."""

import re
from http import HTTPStatus
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from libs import postgres
from libs.idempotency import IdempotencyKey
from libs.postgres import Transaction
from services.catalog_matcher import store
from services.catalog_matcher.api.editing import IfMatch, Limit, Manager, Operator, Patch, This, check_version, create, etag, found, patched
from services.catalog_matcher.product import NewProduct, ProductDetails, StoredProduct
from services.catalog_matcher.telling import tell

router = APIRouter(prefix="/products", tags=["products"])


class ProductPage(BaseModel):
    """Some products, and the cursor of those that follow; null on the last page."""

    items: list[StoredProduct]
    next: str | None


@router.get("")
async def list_products(
    caller: Operator,
    this: This,
    search: Annotated[str, Query(max_length=200, description="Words, or how they begin, of SKU, name, brand, category and aliases")] = "",
    cursor: Annotated[str, Query(max_length=100)] = "",
    limit: Limit = 50,
) -> ProductPage:
    """Products by SKU."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        some = await store.select_products(tx, caller.distributor_id, _beginnings(search), cursor, limit)
    return ProductPage(items=list(some), next=some[-1].sku if len(some) == limit else None)


@router.get("/{product_id}")
async def get_product(caller: Operator, this: This, response: Response, product_id: UUID) -> StoredProduct:
    """One product."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        product = found(await store.select_product(tx, caller.distributor_id, product_id), "product", product_id)
    response.headers["ETag"] = etag(product)
    return product


@router.post("", status_code=HTTPStatus.CREATED, response_model=StoredProduct)
async def create_product(caller: Manager, this: This, request: Request, key: IdempotencyKey, product: ProductDetails) -> JSONResponse:
    """Add a product to the catalog."""

    async def write(tx: Transaction) -> StoredProduct:
        [stored] = await store.upsert_products(tx, caller.distributor_id, [NewProduct(id=uuid4(), **product.model_dump())])
        await tell(tx, caller.distributor_id, [stored.id])
        return stored

    return await create(this, caller, request, key, write)


@router.patch("/{product_id}")
async def change_product(caller: Manager, this: This, response: Response, product_id: UUID, patch: Patch, if_match: IfMatch = None) -> StoredProduct:
    """Change the named fields of a product; `active: false` takes it off the catalog."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        product = await _change(tx, caller.distributor_id, product_id, patch, if_match)
    this.wake()
    response.headers["ETag"] = etag(product)
    return product


@router.delete("/{product_id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_product(caller: Manager, this: This, product_id: UUID, if_match: IfMatch = None) -> None:
    """Take a product off the catalog. It stays known, not active, for what was ordered."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        await _change(tx, caller.distributor_id, product_id, {"active": False}, if_match)
    this.wake()


async def _change(tx: Transaction, distributor_id: UUID, product_id: UUID, patch: Patch, if_match: str | None) -> StoredProduct:
    """Change a product and tell of it, unless nothing changes."""
    product = found(await store.lock_product(tx, distributor_id, product_id), "product", product_id)
    check_version(if_match, product)
    details = patched(ProductDetails, product, patch)
    changed = await store.upsert_products(tx, distributor_id, [NewProduct(id=product_id, **details.model_dump())])
    await tell(tx, distributor_id, [each.id for each in changed])
    return changed[0] if changed else product


def _beginnings(search: str) -> str | None:
    """Return a tsquery of all words of `search`, each as the beginning of a word; None where there are none."""
    return " & ".join(f"{word}:*" for word in re.findall(r"[^\W_]+", search)) or None
