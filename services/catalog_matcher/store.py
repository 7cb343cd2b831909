"""The catalogs. One statement a function."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from asyncpg import ForeignKeyViolationError, Record, UniqueViolationError

from libs.postgres import Connection, Transaction
from libs.refused import Conflict, Refused
from schemas.match import Product
from services.catalog_matcher.domain.index import Entry
from services.catalog_matcher.product import Category, NewProduct, StoredProduct

WRITABLE = """
    name, sku, description, category, category_id, unit, unit_price, brand, model, seasonal, minimum_order_quantity, maximum_order_quantity,
    lead_time_days, aliases, keywords, ai_training_examples, common_misspellings, seasonal_patterns, in_stock, stock_quantity, active
"""
READABLE = f"id, {WRITABLE}, size_variants, created_at, updated_at"


class SkuTaken(Conflict):
    """Another product of the tenant has this SKU."""


class CategoryUnknown(Refused):
    """A product or category names a category that the tenant does not have."""


async def select_versions(connection: Connection, distributor_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return how often each tenant's products have changed; tenants that never had a product are left out."""
    rows = await connection.fetch(
        "select distributor_id, version from catalog_versions where distributor_id = any($1::uuid[])",
        list(distributor_ids),
    )
    return {row["distributor_id"]: row["version"] for row in rows}


async def select_entries(connection: Connection, distributor_ids: Iterable[UUID]) -> Sequence[Entry]:
    """Return every product that these tenants offer, with all that customers call it."""
    rows = await connection.fetch(
        """
        select distributor_id, id, sku, name, unit, unit_price, aliases, common_misspellings
          from products
         where distributor_id = any($1::uuid[]) and active
         order by distributor_id, sku
        """,
        list(distributor_ids),
    )
    return [
        Entry(
            distributor_id=row["distributor_id"],
            product=Product(product_id=row["id"], sku=row["sku"], name=row["name"], unit=row["unit"], unit_price=row["unit_price"]),
            aliases=tuple(row["aliases"]),
            misspellings=tuple(row["common_misspellings"]),
        )
        for row in rows
    ]


async def upsert_products(tx: Transaction, distributor_id: UUID, products: Sequence[NewProduct]) -> Sequence[StoredProduct]:
    """Write products by their ids. Returns those that are new or differ from what was there. Raises SkuTaken, CategoryUnknown."""
    try:
        rows = await tx.fetch(
            f"""
            insert into products as p (distributor_id, id, {WRITABLE})
            select $1, id, {WRITABLE}
              from jsonb_populate_recordset(null::products, $2)
             order by id
                on conflict (distributor_id, id) do update
               set ({WRITABLE}) = (select {_of("excluded")})
             where ({_of("p")}) is distinct from ({_of("excluded")})
            returning {READABLE}
            """,  # noqa: S608 - column names of ours
            distributor_id,
            [product.model_dump(mode="json") for product in products],
        )
    except UniqueViolationError:
        raise SkuTaken("another product has this sku") from None
    except ForeignKeyViolationError:
        raise CategoryUnknown("category_id names no category of yours") from None
    return [_stored(row) for row in rows]


async def lock_product(tx: Transaction, distributor_id: UUID, product_id: UUID) -> StoredProduct | None:
    """Return a product and keep others from changing it until the transaction ends."""
    row = await tx.fetchrow(
        f"select {READABLE} from products where distributor_id = $1 and id = $2 for update",  # noqa: S608 - column names of ours
        distributor_id,
        product_id,
    )
    return _stored(row) if row else None


async def select_product(connection: Connection, distributor_id: UUID, product_id: UUID) -> StoredProduct | None:
    """Return a product, whether it is offered or not."""
    row = await connection.fetchrow(
        f"select {READABLE} from products where distributor_id = $1 and id = $2",  # noqa: S608 - column names of ours
        distributor_id,
        product_id,
    )
    return _stored(row) if row else None


async def select_products(connection: Connection, distributor_id: UUID, words: str | None, after_sku: str, limit: int) -> Sequence[StoredProduct]:
    """Return the products behind `after_sku`, by SKU; of `words` (a tsquery), if any, only those that have them."""
    rows = await connection.fetch(
        f"""
        select {READABLE}
          from products
         where distributor_id = $1 and sku > $2 and ($3::text is null or search_vector @@ to_tsquery('simple', $3))
         order by sku
         limit $4
        """,  # noqa: S608 - column names of ours
        distributor_id,
        after_sku,
        words,
        limit,
    )
    return [_stored(row) for row in rows]


async def upsert_categories(tx: Transaction, distributor_id: UUID, categories: Sequence[Category]) -> int:
    """Write categories by their ids. Returns how many are new or differ from what was there. Raises CategoryUnknown for a missing parent."""
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
    return len(rows)


def _of(table: str) -> str:
    return ", ".join(f"{table}.{column.strip()}" for column in WRITABLE.split(","))


def _stored(row: Record) -> StoredProduct:
    return StoredProduct.model_validate(dict(row))
