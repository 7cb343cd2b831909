"""The catalog over HTTP: its products, and what a phrase would match."""

import re
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Body, Depends, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, ValidationError

from libs import auth, outbox, postgres, service
from libs.auth import Caller, Role
from libs.idempotency import IdempotencyKey, once
from libs.postgres import Transaction
from libs.refused import NotFound
from libs.service import Service
from schemas.match import Match
from services.catalog_matcher import catalogs, store
from services.catalog_matcher.product import NewProduct, ProductDetails, StoredProduct

router = APIRouter(prefix="/v1", tags=["catalog"])

Operator = Annotated[Caller, auth.require(Role.OPERATOR)]
Manager = Annotated[Caller, auth.require(Role.MANAGER)]
This = Annotated[Service, Depends(service.of)]


class ProductPage(BaseModel):
    """Some products, and the cursor of those that follow; null on the last page."""

    items: list[StoredProduct]
    next: str | None


class PhraseToMatch(BaseModel):
    """What a customer might write."""

    phrase: str = Field(min_length=1, max_length=200)


@router.get("/products")
async def list_products(
    caller: Operator,
    this: This,
    search: Annotated[str, Query(max_length=200, description="Words, or how they begin, of SKU, name, brand, category and aliases")] = "",
    cursor: Annotated[str, Query(max_length=100)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ProductPage:
    """Products by SKU."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        found = await store.select_products(tx, caller.distributor_id, _beginnings(search), cursor, limit)
    return ProductPage(items=list(found), next=found[-1].sku if len(found) == limit else None)


@router.get("/products/{product_id}")
async def get_product(caller: Operator, this: This, product_id: UUID) -> StoredProduct:
    """One product."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        return _found(await store.select_product(tx, caller.distributor_id, product_id), product_id)


@router.post("/products", status_code=HTTPStatus.CREATED, response_model=StoredProduct)
async def create_product(caller: Manager, this: This, request: Request, key: IdempotencyKey, product: ProductDetails) -> JSONResponse:
    """Add a product to the catalog."""

    async def act(tx: Transaction) -> tuple[int, dict[str, Any]]:
        stored = await _write(tx, caller.distributor_id, NewProduct(id=uuid4(), **product.model_dump()))
        return HTTPStatus.CREATED, stored.model_dump(mode="json")

    answer = await once(this.pool, caller.distributor_id, key, await request.body(), act)
    this.wake()
    return answer


@router.patch("/products/{product_id}")
async def change_product(
    caller: Manager, this: This, product_id: UUID, patch: Annotated[dict[str, Any], Body(description="JSON merge patch (RFC 7396) of a product")]
) -> StoredProduct:
    """Change the named fields of a product; `active: false` takes it off the catalog."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        product = _found(await store.lock_product(tx, caller.distributor_id, product_id), product_id)
        changed = await _write(tx, caller.distributor_id, _patched(product, patch), otherwise=product)
    this.wake()
    return changed


@router.post("/match")
async def match_phrase(caller: Operator, this: This, wanted: PhraseToMatch) -> Match:
    """Which product a phrase means today, with the runners-up. Changes nothing."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        current = await catalogs.current(tx, [caller.distributor_id])
    return current[caller.distributor_id].match(wanted.phrase)


async def _write(tx: Transaction, distributor_id: UUID, product: NewProduct, otherwise: StoredProduct | None = None) -> StoredProduct:
    """Write a product and tell of it. Returns `otherwise` where that changed nothing."""
    stored = await store.upsert_products(tx, distributor_id, [product])
    await outbox.enqueue(tx, *(each.changed(distributor_id) for each in stored))
    return _found(stored[0] if stored else otherwise, product.id)


def _patched(product: StoredProduct, patch: dict[str, Any]) -> NewProduct:
    details = product.model_dump(include=set(ProductDetails.model_fields)) | patch
    try:
        return NewProduct(id=product.id, **ProductDetails.model_validate(details).model_dump())
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from None


def _found(product: StoredProduct | None, product_id: UUID) -> StoredProduct:
    if product is None:
        raise NotFound(f"there is no product {product_id}")
    return product


def _beginnings(search: str) -> str | None:
    """Return a tsquery of all words of `search`, each as the beginning of a word; None where there are none."""
    return " & ".join(f"{word}:*" for word in re.findall(r"[^\W_]+", search)) or None
