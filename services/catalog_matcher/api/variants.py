"""The variants of a product, and the units that it is counted in."""

from http import HTTPStatus
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from libs import postgres
from libs.idempotency import IdempotencyKey
from libs.postgres import Transaction
from libs.refused import Conflict
from services.catalog_matcher import store, variants_store
from services.catalog_matcher.api.editing import FIRST, IfMatch, Limit, Manager, Operator, Patch, This, check_version, create, etag, found, patched
from services.catalog_matcher.telling import tell
from services.catalog_matcher.variant import NewUnit, NewVariant, Unit, UnitDetails, Variant, VariantDetails

router = APIRouter(prefix="/products/{product_id}")


class VariantPage(BaseModel):
    """Some variants, and the cursor of those that follow; null on the last page."""

    items: list[Variant]
    next: UUID | None


class UnitPage(BaseModel):
    """Some units, and the cursor of those that follow; null on the last page."""

    items: list[Unit]
    next: UUID | None


@router.get("/variants", tags=["variants"])
async def list_variants(caller: Operator, this: This, product_id: UUID, cursor: UUID = FIRST, limit: Limit = 50) -> VariantPage:
    """The variants of a product."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        found(await store.select_product(tx, caller.distributor_id, product_id), "product", product_id)
        some = await variants_store.select_variants(tx, caller.distributor_id, product_id, cursor, limit)
    return VariantPage(items=list(some), next=some[-1].id if len(some) == limit else None)


@router.get("/variants/{variant_id}", tags=["variants"])
async def get_variant(caller: Operator, this: This, response: Response, product_id: UUID, variant_id: UUID) -> Variant:
    """One variant."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        variant = await _variant(tx, caller.distributor_id, product_id, variant_id)
    response.headers["ETag"] = etag(variant)
    return variant


@router.post("/variants", status_code=HTTPStatus.CREATED, response_model=Variant, tags=["variants"])
async def create_variant(
    caller: Manager, this: This, request: Request, key: IdempotencyKey, product_id: UUID, variant: VariantDetails
) -> JSONResponse:
    """Add a variant to a product."""

    async def write(tx: Transaction) -> Variant:
        new = NewVariant(id=uuid4(), product_id=product_id, **variant.model_dump())
        [written] = await variants_store.upsert_variants(tx, caller.distributor_id, [new])
        await tell(tx, caller.distributor_id, [product_id])
        return written

    return await create(this, caller, request, key, write)


@router.patch("/variants/{variant_id}", tags=["variants"])
async def change_variant(
    caller: Manager, this: This, response: Response, product_id: UUID, variant_id: UUID, patch: Patch, if_match: IfMatch = None
) -> Variant:
    """Change the named fields of a variant."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        variant = await _variant(tx, caller.distributor_id, product_id, variant_id, changing=True)
        check_version(if_match, variant)
        details = patched(VariantDetails, variant, patch)
        wanted = NewVariant(id=variant_id, product_id=product_id, **details.model_dump())
        for changed in await variants_store.upsert_variants(tx, caller.distributor_id, [wanted]):
            variant = changed
            await tell(tx, caller.distributor_id, [product_id])
    this.wake()
    response.headers["ETag"] = etag(variant)
    return variant


@router.delete("/variants/{variant_id}", status_code=HTTPStatus.NO_CONTENT, tags=["variants"])
async def delete_variant(caller: Manager, this: This, product_id: UUID, variant_id: UUID, if_match: IfMatch = None) -> None:
    """Delete a variant."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        check_version(if_match, await _variant(tx, caller.distributor_id, product_id, variant_id, changing=True))
        await variants_store.delete_variant(tx, caller.distributor_id, variant_id)
        await tell(tx, caller.distributor_id, [product_id])
    this.wake()


@router.get("/units", tags=["units"])
async def list_units(caller: Operator, this: This, product_id: UUID, cursor: UUID = FIRST, limit: Limit = 50) -> UnitPage:
    """The units that a product is counted in, beside its unit of sale."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        found(await store.select_product(tx, caller.distributor_id, product_id), "product", product_id)
        some = await variants_store.select_units(tx, caller.distributor_id, product_id, cursor, limit)
    return UnitPage(items=list(some), next=some[-1].id if len(some) == limit else None)


@router.get("/units/{unit_id}", tags=["units"])
async def get_unit(caller: Operator, this: This, response: Response, product_id: UUID, unit_id: UUID) -> Unit:
    """One unit."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        unit = found(await variants_store.select_unit(tx, caller.distributor_id, product_id, unit_id), "unit", unit_id)
    response.headers["ETag"] = etag(unit)
    return unit


@router.post("/units", status_code=HTTPStatus.CREATED, response_model=Unit, tags=["units"])
async def create_unit(caller: Manager, this: This, request: Request, key: IdempotencyKey, product_id: UUID, unit: UnitDetails) -> JSONResponse:
    """Add a unit to a product; one that it has already is replaced."""

    async def write(tx: Transaction) -> Unit:
        new = NewUnit(id=uuid4(), product_id=product_id, **unit.model_dump())
        written = await variants_store.upsert_units(tx, caller.distributor_id, [new])
        if not written:
            raise Conflict("the product has just this unit already")
        await tell(tx, caller.distributor_id, [product_id])
        return written[0]

    return await create(this, caller, request, key, write)


@router.patch("/units/{unit_id}", tags=["units"])
async def change_unit(
    caller: Manager, this: This, response: Response, product_id: UUID, unit_id: UUID, patch: Patch, if_match: IfMatch = None
) -> Unit:
    """Change the named fields of a unit, but not its name: that would be another unit."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        unit = found(await variants_store.select_unit(tx, caller.distributor_id, product_id, unit_id, changing=True), "unit", unit_id)
        check_version(if_match, unit)
        details = patched(UnitDetails, unit, patch)
        if details.unit != unit.unit:
            raise Conflict("a unit keeps its name; add the other unit, and delete this one")
        for changed in await variants_store.upsert_units(
            tx, caller.distributor_id, [NewUnit(id=unit_id, product_id=product_id, **details.model_dump())]
        ):
            unit = changed
            await tell(tx, caller.distributor_id, [product_id])
    this.wake()
    response.headers["ETag"] = etag(unit)
    return unit


@router.delete("/units/{unit_id}", status_code=HTTPStatus.NO_CONTENT, tags=["units"])
async def delete_unit(caller: Manager, this: This, product_id: UUID, unit_id: UUID, if_match: IfMatch = None) -> None:
    """Delete a unit."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        unit = found(await variants_store.select_unit(tx, caller.distributor_id, product_id, unit_id, changing=True), "unit", unit_id)
        check_version(if_match, unit)
        await variants_store.delete_unit(tx, caller.distributor_id, unit_id)
        await tell(tx, caller.distributor_id, [product_id])
    this.wake()


async def _variant(tx: Transaction, distributor_id: UUID, product_id: UUID, variant_id: UUID, *, changing: bool = False) -> Variant:
    return found(await variants_store.select_variant(tx, distributor_id, product_id, variant_id, changing=changing), "variant", variant_id)
