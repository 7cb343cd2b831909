"""The catalogs. One statement a function."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from asyncpg import ForeignKeyViolationError, Record, UniqueViolationError
from pydantic_core import from_json

from libs.postgres import Connection, Transaction
from libs.refused import Conflict, Refused
from schemas.product_changed import ProductChanged
from services.catalog_matcher.domain.duplicates import Named
from services.catalog_matcher.product import NewProduct, StoredProduct

WRITABLE = """
    name, sku, description, category, category_id, unit, unit_price, brand, model, seasonal, minimum_order_quantity, maximum_order_quantity,
    order_multiple, lead_time_days, aliases, keywords, ai_training_examples, common_misspellings, seasonal_patterns, in_stock, stock_quantity, active
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


async def upsert_products(tx: Transaction, distributor_id: UUID, products: Sequence[NewProduct]) -> Sequence[StoredProduct]:
    """Write products by their ids. Returns those that are new or differ from what was there. Raises SkuTaken, CategoryUnknown."""
    return [_stored(row) for row in await _upsert(tx, distributor_id, products, READABLE)]


async def write_products(tx: Transaction, distributor_id: UUID, products: Sequence[NewProduct]) -> set[UUID]:
    """Write many products as `upsert_products` does. Returns the ids of those that are new or differ from what was there."""
    return {row["id"] for row in await _upsert(tx, distributor_id, products, "id")}


async def _upsert(tx: Transaction, distributor_id: UUID, products: Sequence[NewProduct], returning: str) -> Sequence[Record]:
    try:
        return await tx.fetch(
            f"""
            insert into products as p (distributor_id, id, {WRITABLE})
            select $1, id, {WRITABLE}
              from jsonb_populate_recordset(null::products, $2)
             order by id
                on conflict (distributor_id, id) do update
               set ({WRITABLE}) = (select {_of("excluded")})
             where ({_of("p")}) is distinct from ({_of("excluded")})
            returning {returning}
            """,  # noqa: S608 - column names of ours
            distributor_id,
            list(products),
        )
    except UniqueViolationError:
        raise SkuTaken("another product has this sku") from None
    except ForeignKeyViolationError:
        raise CategoryUnknown("category_id names no category of yours") from None


async def lock_product(tx: Transaction, distributor_id: UUID, product_id: UUID) -> StoredProduct | None:
    """Return a product and keep others from changing it until the transaction ends."""
    row = await tx.fetchrow(
        f"select {READABLE} from products where distributor_id = $1 and id = $2 for update",  # noqa: S608 - column names of ours
        distributor_id,
        product_id,
    )
    return _stored(row) if row else None


async def lock_products_by_sku(tx: Transaction, distributor_id: UUID, skus: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return what can be written of products, and their ids, by SKU; keeps others from changing them until the transaction ends."""
    rows = await tx.fetch(
        f"select id, {WRITABLE} from products where distributor_id = $1 and sku = any($2::text[]) order by id for update",  # noqa: S608 - column names of ours
        distributor_id,
        skus,
    )
    return {row["sku"]: dict(row) for row in rows}


async def select_product(connection: Connection, distributor_id: UUID, product_id: UUID) -> StoredProduct | None:
    """Return a product, whether it is offered or not."""
    row = await connection.fetchrow(
        f"select {READABLE} from products where distributor_id = $1 and id = $2",  # noqa: S608 - column names of ours
        distributor_id,
        product_id,
    )
    return _stored(row) if row else None


async def select_changed(connection: Connection, distributor_id: UUID, product_ids: Iterable[UUID]) -> Sequence[ProductChanged]:
    """Return products as others are told of them, each with its variants and units."""
    rows = await connection.fetch(
        """
        select p.id as product_id, p.sku, p.name, p.category, p.unit, p.unit_price, p.in_stock, p.stock_quantity, p.active,
               p.updated_at as occurred_at, coalesce(v.variants, '[]') as variants, coalesce(u.units, '[]') as units
          from products p
          left join lateral (
               select json_agg(json_build_object('variant_id', id, 'sku', sku, 'name', variant_name, 'unit_price', unit_price::text,
                                                 'stock_quantity', stock_quantity::text, 'active', active) order by sort_order, sku) as variants
                 from product_variants where distributor_id = p.distributor_id and product_id = p.id
          ) v on true
          left join lateral (
               select json_agg(json_build_object('unit', unit, 'factor', factor::text, 'gtin', gtin) order by factor, unit) as units
                 from product_units where distributor_id = p.distributor_id and product_id = p.id
          ) u on true
         where p.distributor_id = $1 and p.id = any($2::uuid[])
         order by p.id
        """,
        distributor_id,
        list(product_ids),
    )
    return [
        ProductChanged(
            distributor_id=distributor_id,
            **dict(row) | {"variants": from_json(row["variants"]), "units": from_json(row["units"])},
        )
        for row in rows
    ]


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


async def select_to_export(connection: Connection, distributor_id: UUID, after_sku: str, limit: int) -> Sequence[Record]:
    """Return products behind `after_sku`, by SKU, with the path of their category and what their unit of sale holds."""
    return await connection.fetch(
        f"""
        with recursive path (id, names) as (
            select id, name from product_categories where distributor_id = $1 and parent_category_id is null
             union all
            select c.id, path.names || ' > ' || c.name
              from path join product_categories c on c.distributor_id = $1 and c.parent_category_id = path.id
        )
        select {_of("p").replace("p.category,", "coalesce(path.names, p.category) as category,")},
               case when sale.factor > 1 then sale.factor end as pack_quantity, inside.unit as pack_unit, sale.gtin
          from products p
          left join path on path.id = p.category_id
          left join product_units sale on sale.distributor_id = p.distributor_id and sale.product_id = p.id and sale.unit = p.unit
          left join lateral (
               select unit from product_units
                where distributor_id = p.distributor_id and product_id = p.id and factor = 1 and sale.factor > 1
                order by unit
                limit 1
          ) inside on true
         where p.distributor_id = $1 and p.sku > $2
         order by p.sku
         limit $3
        """,  # noqa: S608 - column names of ours
        distributor_id,
        after_sku,
        limit,
    )


async def select_named(connection: Connection, distributor_id: UUID) -> Sequence[Named]:
    """Return all products that are offered, with the GTINs of their units."""
    rows = await connection.fetch(
        """
        select p.id, p.sku, p.name, array_agg(u.gtin) filter (where u.gtin is not null) as gtins
          from products p
          left join product_units u on u.distributor_id = p.distributor_id and u.product_id = p.id
         where p.distributor_id = $1 and p.active
         group by p.id, p.sku, p.name
         order by p.sku
        """,
        distributor_id,
    )
    return [Named(row["id"], row["sku"], row["name"], tuple(row["gtins"] or ())) for row in rows]


def _of(table: str) -> str:
    return ", ".join(f"{table}.{column.strip()}" for column in WRITABLE.split(","))


def _stored(row: Record) -> StoredProduct:
    return StoredProduct.model_validate(dict(row))
