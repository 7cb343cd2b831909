"""The tree of categories."""

from http import HTTPStatus
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from libs import postgres
from libs.idempotency import IdempotencyKey
from libs.postgres import Transaction
from services.catalog_matcher import categories_store
from services.catalog_matcher.api.editing import FIRST, IfMatch, Limit, Manager, Operator, Patch, This, check_version, create, etag, found, patched
from services.catalog_matcher.category import Category, CategoryDetails, StoredCategory

router = APIRouter(prefix="/categories", tags=["categories"])


class CategoryPage(BaseModel):
    """Some categories, and the cursor of those that follow; null on the last page."""

    items: list[StoredCategory]
    next: UUID | None


@router.get("")
async def list_categories(caller: Operator, this: This, cursor: UUID = FIRST, limit: Limit = 50) -> CategoryPage:
    """The categories, each naming the one that it stands below."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        some = await categories_store.select_categories(tx, caller.distributor_id, cursor, limit)
    return CategoryPage(items=list(some), next=some[-1].id if len(some) == limit else None)


@router.get("/{category_id}")
async def get_category(caller: Operator, this: This, response: Response, category_id: UUID) -> StoredCategory:
    """One category."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        category = await _category(tx, caller.distributor_id, category_id)
    response.headers["ETag"] = etag(category)
    return category


@router.post("", status_code=HTTPStatus.CREATED, response_model=StoredCategory)
async def create_category(caller: Manager, this: This, request: Request, key: IdempotencyKey, category: CategoryDetails) -> JSONResponse:
    """Add a category."""

    async def write(tx: Transaction) -> StoredCategory:
        new = Category(id=uuid4(), **category.model_dump())
        await categories_store.upsert_categories(tx, caller.distributor_id, [new])
        return await _category(tx, caller.distributor_id, new.id)

    return await create(this, caller, request, key, write)


@router.patch("/{category_id}")
async def change_category(
    caller: Manager, this: This, response: Response, category_id: UUID, patch: Patch, if_match: IfMatch = None
) -> StoredCategory:
    """Change the named fields of a category; another parent moves it with all that stands below it."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        category = await _category(tx, caller.distributor_id, category_id, changing=True)
        check_version(if_match, category)
        details = patched(CategoryDetails, category, patch)
        await categories_store.upsert_categories(tx, caller.distributor_id, [Category(id=category_id, **details.model_dump())])
        category = await _category(tx, caller.distributor_id, category_id)
    response.headers["ETag"] = etag(category)
    return category


@router.delete("/{category_id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_category(caller: Manager, this: This, category_id: UUID, if_match: IfMatch = None) -> None:
    """Delete a category in which nothing stands."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        check_version(if_match, await _category(tx, caller.distributor_id, category_id, changing=True))
        await categories_store.delete_category(tx, caller.distributor_id, category_id)


async def _category(tx: Transaction, distributor_id: UUID, category_id: UUID, *, changing: bool = False) -> StoredCategory:
    return found(await categories_store.select_category(tx, distributor_id, category_id, changing=changing), "category", category_id)
