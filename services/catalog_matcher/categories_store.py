"""The trees of categories. One statement a function."""

from collections.abc import Sequence
from uuid import UUID

from asyncpg import CheckViolationError, ForeignKeyViolationError, UniqueViolationError

from libs.postgres import Connection, Transaction
from libs.refused import Conflict
from services.catalog_matcher.category import Category, StoredCategory
from services.catalog_matcher.store import CategoryUnknown

READABLE = "id, name, parent_category_id, description, ai_keywords, sort_order, active, created_at, updated_at"
FOR_UPDATE = " for update"


async def upsert_categories(tx: Transaction, distributor_id: UUID, categories: Sequence[Category]) -> int:
    """Write categories by their ids. Returns how many are new or differ from what was there. Raises CategoryUnknown, Conflict."""
    try:
        rows = await tx.fetch(
            """
            insert into product_categories as c (distributor_id, id, name, parent_category_id, description, ai_keywords, sort_order, active)
            select $1, id, name, parent_category_id, description, ai_keywords, sort_order, active
              from jsonb_populate_recordset(null::product_categories, $2)
                on conflict (distributor_id, id) do update
               set name = excluded.name, parent_category_id = excluded.parent_category_id, description = excluded.description,
                   ai_keywords = excluded.ai_keywords, sort_order = excluded.sort_order, active = excluded.active
             where (c.name, c.parent_category_id, c.description, c.ai_keywords, c.sort_order, c.active) is distinct from
                   (excluded.name, excluded.parent_category_id, excluded.description, excluded.ai_keywords, excluded.sort_order, excluded.active)
            returning id
            """,
            distributor_id,
            [category.model_dump(mode="json") for category in categories],
        )
    except ForeignKeyViolationError:
        raise CategoryUnknown("parent_category_id names no category of yours") from None
    except UniqueViolationError:
        raise Conflict("a category of this name stands there already") from None
    except CheckViolationError as error:
        if error.constraint_name != "product_categories_no_cycle":
            raise
        raise Conflict("the category would stand below itself; choose another parent") from None
    return len(rows)


async def select_category(connection: Connection, distributor_id: UUID, category_id: UUID, *, changing: bool = False) -> StoredCategory | None:
    """Return a category; `changing` keeps others from it until the transaction ends."""
    row = await connection.fetchrow(
        f"select {READABLE} from product_categories where distributor_id = $1 and id = $2{FOR_UPDATE if changing else ''}",  # noqa: S608 - column names of ours
        distributor_id,
        category_id,
    )
    return StoredCategory.model_validate(dict(row)) if row else None


async def select_categories(connection: Connection, distributor_id: UUID, after: UUID, limit: int) -> Sequence[StoredCategory]:
    """Return the categories behind `after`, by their id."""
    rows = await connection.fetch(
        f"select {READABLE} from product_categories where distributor_id = $1 and id > $2 order by id limit $3",  # noqa: S608 - column names of ours
        distributor_id,
        after,
        limit,
    )
    return [StoredCategory.model_validate(dict(row)) for row in rows]


async def delete_category(tx: Transaction, distributor_id: UUID, category_id: UUID) -> bool:
    """Delete a category. Returns False where there is none. Raises Conflict while products or categories stand in it."""
    try:
        gone = "delete from product_categories where distributor_id = $1 and id = $2 returning true"
        return bool(await tx.fetchval(gone, distributor_id, category_id))
    except ForeignKeyViolationError:
        raise Conflict("products or categories stand in this category; move them first") from None


async def insert_paths(
    tx: Transaction, distributor_id: UUID, parents: Sequence[UUID | None], names: Sequence[str]
) -> dict[tuple[UUID | None, str], UUID]:
    """Return the ids of the categories of these names below these parents; those that are not there yet are made."""
    rows = await tx.fetch(
        """
        with wanted as (
            select distinct * from unnest($2::uuid[], $3::text[]) as w (parent_category_id, name)
        ),
        made as (
            insert into product_categories (distributor_id, parent_category_id, name)
            select $1, parent_category_id, name from wanted order by parent_category_id, name
                on conflict do nothing
            returning id, parent_category_id, name
        )
        select * from made
         union all
        select c.id, c.parent_category_id, c.name
          from wanted w join product_categories c
            on c.distributor_id = $1 and c.parent_category_id is not distinct from w.parent_category_id and c.name = w.name
        """,
        distributor_id,
        parents,
        names,
    )
    return {(row["parent_category_id"], row["name"]): row["id"] for row in rows}
