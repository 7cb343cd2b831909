"""The bundles of a catalog."""

from http import HTTPStatus
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from libs import postgres
from libs.idempotency import IdempotencyKey
from libs.postgres import Transaction
from libs.refused import Refused
from services.catalog_matcher import bundles_store
from services.catalog_matcher.api.editing import FIRST, IfMatch, Limit, Manager, Operator, Patch, This, check_version, create, etag, found, patched
from services.catalog_matcher.bundle import Bundle, BundleDetails, NewBundle

router = APIRouter(prefix="/bundles", tags=["bundles"])


class BundlePage(BaseModel):
    """Some bundles, and the cursor of those that follow; null on the last page."""

    items: list[Bundle]
    next: UUID | None


@router.get("")
async def list_bundles(caller: Operator, this: This, cursor: UUID = FIRST, limit: Limit = 50) -> BundlePage:
    """The bundles with their items."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        some = await bundles_store.select_bundles(tx, caller.distributor_id, cursor, limit)
    return BundlePage(items=list(some), next=some[-1].id if len(some) == limit else None)


@router.get("/{bundle_id}")
async def get_bundle(caller: Operator, this: This, response: Response, bundle_id: UUID) -> Bundle:
    """One bundle."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        bundle = found(await bundles_store.select_bundle(tx, caller.distributor_id, bundle_id), "bundle", bundle_id)
    response.headers["ETag"] = etag(bundle)
    return bundle


@router.post("", status_code=HTTPStatus.CREATED, response_model=Bundle)
async def create_bundle(caller: Manager, this: This, request: Request, key: IdempotencyKey, bundle: BundleDetails) -> JSONResponse:
    """Add a bundle."""

    async def write(tx: Transaction) -> Bundle:
        return await _write(tx, caller.distributor_id, NewBundle(id=uuid4(), **bundle.model_dump()))

    return await create(this, caller, request, key, write)


@router.patch("/{bundle_id}")
async def change_bundle(caller: Manager, this: This, response: Response, bundle_id: UUID, patch: Patch, if_match: IfMatch = None) -> Bundle:
    """Change the named fields of a bundle; `items` are replaced as a whole."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        bundle = await _lock(tx, caller.distributor_id, bundle_id)
        check_version(if_match, bundle)
        details = patched(BundleDetails, bundle, patch)
        changed = await _write(tx, caller.distributor_id, NewBundle(id=bundle_id, **details.model_dump()))
    response.headers["ETag"] = etag(changed)
    return changed


@router.delete("/{bundle_id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_bundle(caller: Manager, this: This, bundle_id: UUID, if_match: IfMatch = None) -> None:
    """Delete a bundle; its products stay."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        check_version(if_match, await _lock(tx, caller.distributor_id, bundle_id))
        await bundles_store.delete_bundle(tx, caller.distributor_id, bundle_id)


async def _lock(tx: Transaction, distributor_id: UUID, bundle_id: UUID) -> Bundle:
    await bundles_store.lock_bundle(tx, distributor_id, bundle_id)
    return found(await bundles_store.select_bundle(tx, distributor_id, bundle_id), "bundle", bundle_id)


async def _write(tx: Transaction, distributor_id: UUID, bundle: NewBundle) -> Bundle:
    """Write a bundle with all its items. Raises Refused where an item makes no sense."""
    await bundles_store.upsert_bundle(tx, distributor_id, bundle)
    await bundles_store.delete_items(tx, distributor_id, bundle.id)
    await bundles_store.insert_items(tx, distributor_id, bundle)
    if unknown := await bundles_store.select_unknown_units(tx, distributor_id, bundle.id):
        raise Refused(f"products are not counted in {', '.join(unknown)}; add the unit to the product first")
    return found(await bundles_store.select_bundle(tx, distributor_id, bundle.id), "bundle", bundle.id)
