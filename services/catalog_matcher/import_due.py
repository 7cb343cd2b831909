"""The job that takes files of products in: each batch with its progress in one transaction, so that another process can go on after a crash."""

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import BinaryIO
from uuid import UUID

import structlog

from libs import postgres, storage
from libs.postgres import Transaction
from libs.refused import Refused
from libs.service import Service
from libs.storage import FileMissing
from services.catalog_matcher import categories_store, imports_store, store
from services.catalog_matcher.importing import columns, files
from services.catalog_matcher.importing.cells import Cell, Problem, Row, Style, read_row, style_of, text_of
from services.catalog_matcher.importing.merge import Merged, merge, path_of
from services.catalog_matcher.imports_store import Claimed, Progress
from services.catalog_matcher.settings import CatalogMatcherSettings
from services.catalog_matcher.telling import tell

log = structlog.get_logger()

BATCH_ROWS = 1_000
LEASE = timedelta(minutes=2)
PAUSE = timedelta(seconds=10)
MOST_ATTEMPTS = 10
MOST_PROBLEMS_A_ROW = 20
HEADER_ROWS = 1


@dataclass(frozen=True, slots=True)
class Sheet:
    """The columns of a file as it calls them, which of ours each is, and the rows below."""

    header: tuple[str, ...]
    columns: tuple[str | None, ...]
    rows: Sequence[Sequence[Cell]]
    style: Style

    @property
    def assigned(self) -> list[str]:
        """Ours for each of the file's columns; the file's own name where it is left out."""
        return [ours or theirs for ours, theirs in zip(self.columns, self.header, strict=True)]

    def name_of(self, column: str | None) -> str | None:
        """Return what the file calls a column of ours; ours where it has none such."""
        return self.header[self.columns.index(column)] if column in self.columns and column else column


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that say something, and what is wrong in others; `end` is how many rows of the file are behind it then."""

    end: int
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]


class TakenOver(Exception):
    """Another process goes on with the file."""


async def import_due(service: Service) -> int:
    """Take in the file that has waited longest. Returns how many were begun."""
    async with postgres.worker_transaction(service.pool) as worker:
        claimed = await imports_store.claim_due(worker, LEASE)
    if claimed is None:
        return 0
    try:
        problem = await _take_in(service, claimed)
    except TakenOver:
        return 1
    except Exception as error:
        log.exception("import_interrupted", import_id=str(claimed.id), attempt=claimed.attempt)
        if claimed.attempt < MOST_ATTEMPTS:
            await _put_back(service, claimed)
            return 1
        problem = f"could not be taken in after {claimed.attempt} attempts ({type(error).__name__}); what was taken in stays"
    async with postgres.tenant_transaction(service.pool, [claimed.distributor_id]) as tx:
        await imports_store.update_finished(tx, claimed, problem)
    log.info("import_finished", import_id=str(claimed.id), refused=problem is not None)
    return 1


async def _put_back(service: Service, claimed: Claimed) -> None:
    async with postgres.tenant_transaction(service.pool, [claimed.distributor_id]) as tx:
        await imports_store.update_to_retry(tx, claimed, PAUSE)


async def _take_in(service: Service, claimed: Claimed) -> str | None:
    """Take in the rows that are not done yet. Returns why the file as a whole is refused, None where it is not."""
    try:
        with tempfile.TemporaryFile() as file:
            await _fetch(service, claimed, file)
            sheet = await asyncio.to_thread(_read, file, claimed)
    except FileMissing:
        return "the file is not in the storage any more; send it again"
    except Refused as refused:
        return str(refused)
    async with postgres.tenant_transaction(service.pool, [claimed.distributor_id]) as tx:
        await imports_store.update_columns(
            tx, claimed, [ours or theirs for ours, theirs in zip(sheet.columns, sheet.header, strict=True)], len(sheet.rows)
        )
    batches = _batches(sheet, claimed.rows_done)
    batch = await asyncio.to_thread(next, batches, None)
    while batch:
        if service.stopping.is_set():
            await _put_back(service, claimed)
            raise TakenOver
        # The next rows are read while the database is at work on these.
        batch, _ = await asyncio.gather(asyncio.to_thread(next, batches, None), _write_one(service, claimed, sheet, batch))
    return None


async def _fetch(service: Service, claimed: Claimed, file: BinaryIO) -> None:
    settings = service.settings
    assert isinstance(settings, CatalogMatcherSettings)
    async with storage.opened(settings) as kept:
        async for piece in kept.get(claimed.storage_key):
            file.write(piece)


def _read(file: BinaryIO, claimed: Claimed) -> Sheet:
    """Read the whole file. Raises NotReadable, NotTheColumns."""
    rows = files.rows(file)
    header = tuple(text_of(cell) for cell in next(rows, ()))
    ours, below = columns.assign(header, claimed.mapping), list(rows)
    return Sheet(header, ours, below, style_of(ours, below))


def _batches(sheet: Sheet, rows_done: int) -> Iterator[Batch]:
    """Yield the rows behind `rows_done`; a SKU that stood in an earlier row of the file is a mistake."""
    first_row: dict[str, int] = {}
    numbered = enumerate(sheet.rows, HEADER_ROWS + 1)
    at = sheet.columns.index("sku")
    for number, cells in islice(numbered, rows_done):
        if at < len(cells) and (sku := text_of(cells[at])):
            first_row.setdefault(sku, number)
    end = rows_done
    while some := list(islice(numbered, BATCH_ROWS)):
        end += len(some)
        rows: list[Row] = []
        problems: list[Problem] = []
        for number, cells in some:
            read = read_row(number, sheet.columns, cells, sheet.style)
            if isinstance(read, list):
                problems += read
            elif read is not None and (before := first_row.setdefault(read.values["sku"], number)) != number:
                problems.append(Problem(number, "sku", f"stands in row {before} already; keep one of the two"))
            elif read is not None:
                rows.append(read)
        yield Batch(end, tuple(rows), tuple(problems))


async def _write_one(service: Service, claimed: Claimed, sheet: Sheet, batch: Batch) -> None:
    async with postgres.tenant_transaction(service.pool, [claimed.distributor_id]) as tx:
        await _write(tx, claimed, sheet, batch)
    service.relay.wake()


async def _write(tx: Transaction, claimed: Claimed, sheet: Sheet, batch: Batch) -> None:
    """Write the products of a batch and how far the file is; of a file that is only tried, the latter alone. Raises TakenOver."""
    await tx.execute("savepoint written")
    there = await store.lock_products_by_sku(tx, claimed.distributor_id, [row.values["sku"] for row in batch.rows])
    categories = await _categories(tx, claimed.distributor_id, batch.rows)
    merged = await asyncio.to_thread(merge, claimed.id, batch.rows, there, categories)
    changed = await store.write_products(tx, claimed.distributor_id, merged.products) if merged.products else set[UUID]()
    told = changed.copy()
    if merged.packs:
        told |= await imports_store.upsert_packs(tx, claimed.distributor_id, merged.packs)
    if claimed.dry_run:
        await tx.execute("rollback to savepoint written")
    elif told:
        await tell(tx, claimed.distributor_id, told)
    created = len(changed - {product["id"] for product in there.values()})
    problems = [*batch.problems, *merged.problems]
    if problems:
        await imports_store.insert_problems(tx, claimed, list(_told(sheet, problems)))
    if not await imports_store.update_progress(tx, claimed, _progress(batch, merged, created, len(told), problems), LEASE):
        raise TakenOver


def _progress(batch: Batch, merged: Merged, created: int, told: int, problems: Sequence[Problem]) -> Progress:
    return Progress(
        rows_done=batch.end,
        created=created,
        updated=told - created,
        unchanged=len(merged.products) - told,
        refused=len({problem.row_number for problem in problems}),
    )


def _told(sheet: Sheet, problems: Sequence[Problem]) -> Iterator[dict[str, object]]:
    by_row: dict[int, int] = {}
    for problem in problems:
        place = by_row[problem.row_number] = by_row.get(problem.row_number, -1) + 1
        if place < MOST_PROBLEMS_A_ROW:
            yield {"row_number": problem.row_number, "place": place, "column_name": sheet.name_of(problem.column), "problem": problem.text}


async def _categories(tx: Transaction, distributor_id: UUID, rows: Sequence[Row]) -> dict[str, UUID]:
    """Return the categories of the paths that rows name; those that are not there yet are made, level by level."""
    written = {category: path_of(category) for row in rows if (category := row.values.get("category"))}
    ids: dict[tuple[str, ...], UUID] = {}
    for depth in range(max(map(len, written.values()), default=0)):
        level = sorted({path[: depth + 1] for path in written.values() if len(path) > depth})
        found = await categories_store.insert_paths(tx, distributor_id, [ids.get(path[:-1]) for path in level], [path[-1] for path in level])
        ids |= {path: found[ids.get(path[:-1]), path[-1]] for path in level}
    return {category: ids[path] for category, path in written.items()}
