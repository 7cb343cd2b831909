"""Files of products, in and out."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncGenerator
from http import HTTPStatus
from typing import Annotated, Any, BinaryIO
from uuid import UUID, uuid5

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, TypeAdapter, ValidationError

from libs import postgres, storage
from libs.idempotency import IdempotencyKey
from libs.postgres import Transaction
from libs.refused import Refused
from services.catalog_matcher import exporting, imports_store
from services.catalog_matcher.api.editing import FIRST, Limit, Manager, Operator, This, create, found
from services.catalog_matcher.exporting import Format
from services.catalog_matcher.imports_store import ProductImport, RowProblem
from services.catalog_matcher.settings import CatalogMatcherSettings

router = APIRouter(tags=["imports"])

FILE_TYPES = ("text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/octet-stream")
BODY = {"requestBody": {"required": True, "content": {each: {"schema": {"type": "string", "format": "binary"}} for each in FILE_TYPES}}}
Mapping = Annotated[str, Query(description='Our columns by the file\'s, as JSON: {"Artikel": "name", "Notes": ""}', max_length=5_000)]

_mapping = TypeAdapter(dict[str, str])


class ImportPage(BaseModel):
    """Some files, and the cursor of those that follow; null on the last page."""

    items: list[ProductImport]
    next: UUID | None


class ProblemPage(BaseModel):
    """What is wrong in some rows, and the cursor of those that follow; null on the last page."""

    items: list[RowProblem]
    next: str | None


@router.post("/product-imports", status_code=HTTPStatus.CREATED, response_model=ProductImport, openapi_extra=BODY)
async def create_import(
    caller: Manager,
    this: This,
    request: Request,
    key: IdempotencyKey,
    mapping: Mapping = "{}",
    filename: Annotated[str | None, Query(max_length=200)] = None,
    dry_run: Annotated[bool, Query(description="Say what would become of the rows, and change nothing")] = False,  # noqa: FBT002 - a query parameter
) -> JSONResponse:
    """Take in a file of products: CSV, or the first sheet of a workbook, by SKU. It is worked on afterwards; an empty cell changes nothing."""
    ours = _read_mapping(mapping)
    with tempfile.TemporaryFile() as file:
        size, sha256 = await _receive(request, file)
        import_id = uuid5(caller.distributor_id, f"import/{key}/{sha256}")
        place = storage.key_of(caller.distributor_id, "imports", str(import_id))
        settings = this.settings
        assert isinstance(settings, CatalogMatcherSettings)
        async with storage.opened(settings) as kept:
            await kept.put(place, file, FILE_TYPES[-1])
    values: dict[str, Any] = {"id": import_id, "filename": filename, "storage_key": place, "sha256": sha256, "size_bytes": size}
    values |= {"mapping": ours, "dry_run": dry_run, "requested_by": caller.user_id}

    async def write(tx: Transaction) -> ProductImport:
        return await imports_store.insert_import(tx, caller.distributor_id, values)

    return await create(this, caller, request, key, write, sent=f"{request.url.query} {sha256}".encode())


@router.get("/product-imports")
async def list_imports(caller: Operator, this: This, cursor: UUID = FIRST, limit: Limit = 50) -> ImportPage:
    """The files that were sent."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        some = await imports_store.select_imports(tx, caller.distributor_id, cursor, limit)
    return ImportPage(items=list(some), next=some[-1].id if len(some) == limit else None)


@router.get("/product-imports/{import_id}")
async def get_import(caller: Operator, this: This, import_id: UUID) -> ProductImport:
    """A file, and how far it is taken in."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        return found(await imports_store.select_import(tx, caller.distributor_id, import_id), "import", import_id)


@router.get("/product-imports/{import_id}/problems")
async def list_problems(
    caller: Operator, this: This, import_id: UUID, cursor: Annotated[str, Query(pattern=r"^\d{1,9}\.\d{1,9}$")] = "0.0", limit: Limit = 50
) -> ProblemPage:
    """What is wrong in which rows, and what to do about it."""
    row, _, place = cursor.partition(".")
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        found(await imports_store.select_import(tx, caller.distributor_id, import_id), "import", import_id)
        some = await imports_store.select_problems(tx, caller.distributor_id, import_id, int(row), int(place), limit)
    return ProblemPage(items=list(some), next=f"{some[-1].row_number}.{some[-1].place}" if len(some) == limit else None)


@router.get("/product-exports", response_class=StreamingResponse, responses={200: {"content": {each.mime_type: {} for each in Format}}})
async def export_products(caller: Operator, this: This, format: Format = Format.CSV) -> StreamingResponse:  # noqa: A002 - the parameter's name
    """All products as a file that can be taken in again."""

    async def pages() -> AsyncGenerator[list[list[Any]]]:
        after = ""
        while True:
            async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
                rows, last = await exporting.page(tx, caller.distributor_id, after)
            if not rows or last is None:
                return
            yield rows
            after = last

    headers = {"Content-Disposition": f'attachment; filename="products.{format}"', "Cache-Control": "private, no-store"}
    return StreamingResponse(exporting.written(format, pages()), media_type=format.mime_type, headers=headers)


def _read_mapping(written: str) -> dict[str, str]:
    try:
        return _mapping.validate_json(written)
    except ValidationError:
        raise Refused('mapping is not a JSON object of texts, such as {"Artikel": "name"}') from None


async def _receive(request: Request, file: BinaryIO) -> tuple[int, str]:
    """Write the body to a file. Returns its size and SHA-256. Raises Refused where it is empty."""
    digest, size = hashlib.sha256(), 0
    async for piece in request.stream():
        digest.update(piece)
        size += len(piece)
        await asyncio.to_thread(file.write, piece)
    if not size:
        raise Refused("the body is empty; send the file itself, as CSV or .xlsx")
    return size, digest.hexdigest()
