"""Files of products that are taken in: the queue, how far each is, and what is wrong in them. One statement a function."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from libs import postgres
from libs.postgres import Connection, Transaction
from services.catalog_matcher.importing.merge import Pack

READABLE = """
    id, filename, sha256, size_bytes, mapping, dry_run, state, total_rows, rows_done, created, updated, unchanged, refused, columns, problem,
    requested_by, finished_at, created_at, updated_at
"""


class ProductImport(BaseModel):
    """A file of products, how far it is taken in, and what became of its rows."""

    id: UUID
    filename: str | None
    sha256: str
    size_bytes: int
    mapping: dict[str, str]
    dry_run: bool
    state: str
    total_rows: int | None
    rows_done: int
    created: int
    updated: int
    unchanged: int
    refused: int
    columns: list[str] | None
    problem: str | None
    requested_by: UUID
    finished_at: datetime | None
    created_at: datetime
    updated_at: datetime


class RowProblem(BaseModel):
    """What is wrong in a row, and what to do. Row 1 is the header; `column_name` is the file's, null where the row as a whole is meant."""

    row_number: int
    place: int
    column_name: str | None
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A file that this process alone takes in until its lease ends."""

    distributor_id: UUID
    id: UUID
    storage_key: str
    mapping: dict[str, str]
    dry_run: bool
    rows_done: int
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a batch of rows adds."""

    rows_done: int
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0


async def insert_import(tx: Transaction, distributor_id: UUID, values: Mapping[str, Any]) -> ProductImport:
    """Queue a file (id, filename, storage_key, sha256, size_bytes, mapping, dry_run, requested_by)."""
    row = await tx.fetchrow(
        f"""
        insert into product_imports (distributor_id, id, filename, storage_key, sha256, size_bytes, mapping, dry_run, requested_by)
        select $1, id, filename, storage_key, sha256, size_bytes, mapping, dry_run, requested_by
          from jsonb_populate_record(null::product_imports, $2)
        returning {READABLE}
        """,  # noqa: S608 - column names of ours
        distributor_id,
        dict(values),
    )
    assert row is not None
    return ProductImport.model_validate(dict(row))


async def select_import(connection: Connection, distributor_id: UUID, import_id: UUID) -> ProductImport | None:
    """Return a file as it stands."""
    row = await connection.fetchrow(
        f"select {READABLE} from product_imports where distributor_id = $1 and id = $2",  # noqa: S608 - column names of ours
        distributor_id,
        import_id,
    )
    return ProductImport.model_validate(dict(row)) if row else None


async def select_imports(connection: Connection, distributor_id: UUID, after: UUID, limit: int) -> Sequence[ProductImport]:
    """Return the files behind `after`, by their id."""
    rows = await connection.fetch(
        f"select {READABLE} from product_imports where distributor_id = $1 and id > $2 order by id limit $3",  # noqa: S608 - column names of ours
        distributor_id,
        after,
        limit,
    )
    return [ProductImport.model_validate(dict(row)) for row in rows]


async def select_problems(
    connection: Connection, distributor_id: UUID, import_id: UUID, after_row: int, after_place: int, limit: int
) -> Sequence[RowProblem]:
    """Return what is wrong in the rows of a file behind a row and place, by row."""
    rows = await connection.fetch(
        """
        select row_number, place, column_name, problem
          from product_import_problems
         where distributor_id = $1 and import_id = $2 and (row_number, place) > ($3, $4)
         order by row_number, place
         limit $5
        """,
        distributor_id,
        import_id,
        after_row,
        after_place,
        limit,
    )
    return [RowProblem.model_validate(dict(row)) for row in rows]


async def claim_due(worker: Connection, lease: timedelta) -> Claimed | None:
    """Claim the file of all tenants that has waited longest, for as long as `lease`."""
    row = await worker.fetchrow(
        """
        with due as (
            select distributor_id, id from product_imports
             where state = 'PENDING' and run_after <= now() and locked_until <= now()
             order by run_after
             limit 1
               for update skip locked
        )
        update product_imports i set locked_until = now() + $1, attempt = i.attempt + 1
          from due
         where i.distributor_id = due.distributor_id and i.id = due.id
        returning i.distributor_id, i.id, i.storage_key, i.mapping, i.dry_run, i.rows_done, i.attempt
        """,
        lease,
    )
    return Claimed(**row) if row else None


async def update_columns(tx: Transaction, claimed: Claimed, columns: Sequence[str], total_rows: int) -> None:
    """Note what was found in a file."""
    await tx.execute(
        "update product_imports set columns = $3, total_rows = $4 where distributor_id = $1 and id = $2",
        claimed.distributor_id,
        claimed.id,
        list(columns),
        total_rows,
    )


async def update_progress(tx: Transaction, claimed: Claimed, progress: Progress, lease: timedelta) -> bool:
    """Note that rows are done, and keep the file for longer. Returns False where another process has taken it over."""
    return bool(
        await tx.fetchval(
            """
            update product_imports
               set rows_done = $4, created = created + $5, updated = updated + $6, unchanged = unchanged + $7, refused = refused + $8,
                   locked_until = now() + $9
             where distributor_id = $1 and id = $2 and attempt = $3 and state = 'PENDING'
            returning true
            """,
            claimed.distributor_id,
            claimed.id,
            claimed.attempt,
            progress.rows_done,
            progress.created,
            progress.updated,
            progress.unchanged,
            progress.refused,
            lease,
        )
    )


async def insert_problems(tx: Transaction, claimed: Claimed, problems: Sequence[Mapping[str, Any]]) -> None:
    """Note what is wrong in rows (row_number, place, column_name, problem)."""
    await tx.execute(
        """
        insert into product_import_problems (distributor_id, import_id, row_number, place, column_name, problem)
        select $1, $2, * from json_to_recordset($3::json) as e (row_number int, place int, column_name text, problem text)
            on conflict do nothing
        """,
        claimed.distributor_id,
        claimed.id,
        postgres.to_json_text(problems),
    )


async def update_finished(tx: Transaction, claimed: Claimed, problem: str | None) -> None:
    """Note that all rows are done, or why the file as a whole is refused."""
    await tx.execute(
        """
        update product_imports set state = case when $4::text is null then 'DONE' else 'FAILED' end, problem = $4, finished_at = now()
         where distributor_id = $1 and id = $2 and attempt = $3 and state = 'PENDING'
        """,
        claimed.distributor_id,
        claimed.id,
        claimed.attempt,
        problem,
    )


async def update_to_retry(tx: Transaction, claimed: Claimed, pause: timedelta) -> None:
    """Give a file back to the queue, unless another attempt has begun since."""
    await tx.execute(
        """
        update product_imports set run_after = now() + $4, locked_until = '-infinity'
         where distributor_id = $1 and id = $2 and attempt = $3 and state = 'PENDING'
        """,
        claimed.distributor_id,
        claimed.id,
        claimed.attempt,
        pause,
    )


async def upsert_packs(tx: Transaction, distributor_id: UUID, packs: Sequence[Pack]) -> set[UUID]:
    """Write units of products; a factor or GTIN that is not said stays as it is. Returns the products of which something changed."""
    rows = await tx.fetch(
        """
        insert into product_units as u (distributor_id, product_id, unit, factor, gtin)
        select $1, e.product_id, e.unit, coalesce(e.factor, b.factor, 1), e.gtin
          from json_to_recordset($2::json) as e (product_id uuid, unit text, factor numeric, gtin text)
          left join product_units b on b.distributor_id = $1 and b.product_id = e.product_id and b.unit = e.unit
         order by e.product_id, e.unit
            on conflict on constraint product_units_unit do update set factor = excluded.factor, gtin = coalesce(excluded.gtin, u.gtin)
         where u.factor <> excluded.factor or u.gtin is distinct from coalesce(excluded.gtin, u.gtin)
        returning product_id
        """,
        distributor_id,
        postgres.to_json_text(packs),
    )
    return {row["product_id"] for row in rows}
