"""Bundles with their items. One statement a function."""

from collections.abc import Sequence
from uuid import UUID

from asyncpg import ForeignKeyViolationError, Record, UniqueViolationError
from pydantic_core import from_json

from libs.postgres import Connection, Transaction
from libs.refused import Conflict, Refused
from services.catalog_matcher.bundle import Bundle, NewBundle

SELECT = """
    select b.id, b.name, b.sku, b.description, b.pricing_mode, b.bundle_price, b.discount_percent, b.ai_aliases, b.valid_from, b.valid_to,
           b.active, b.created_at, b.updated_at, i.items
      from product_bundles b
     cross join lateral (
          select json_agg(json_build_object('product_id', product_id, 'variant_id', variant_id, 'quantity', quantity::text, 'unit', unit,
                                            'optional', optional) order by sort_order, id) as items
            from product_bundle_items where distributor_id = b.distributor_id and bundle_id = b.id
     ) i
"""


async def upsert_bundle(tx: Transaction, distributor_id: UUID, bundle: NewBundle) -> None:
    """Write a bundle by its id, without its items; it counts as changed even if only these do. Raises Conflict."""
    try:
        await tx.execute(
            """
            insert into product_bundles (distributor_id, id, name, sku, description, pricing_mode, bundle_price, discount_percent, ai_aliases,
                                         phrase_keys, valid_from, valid_to, active)
            select $1, id, name, sku, description, pricing_mode, bundle_price, discount_percent, ai_aliases, $3::text[], valid_from, valid_to, active
              from jsonb_populate_record(null::product_bundles, $2)
                on conflict (distributor_id, id) do update
               set name = excluded.name, sku = excluded.sku, description = excluded.description, pricing_mode = excluded.pricing_mode,
                   bundle_price = excluded.bundle_price, discount_percent = excluded.discount_percent, ai_aliases = excluded.ai_aliases,
                   phrase_keys = excluded.phrase_keys, valid_from = excluded.valid_from, valid_to = excluded.valid_to, active = excluded.active
            """,
            distributor_id,
            bundle.model_dump(mode="json", exclude={"items"}),
            bundle.phrase_keys,
        )
    except UniqueViolationError:
        raise Conflict("another bundle has this sku") from None


async def delete_items(tx: Transaction, distributor_id: UUID, bundle_id: UUID) -> None:
    """Take everything out of a bundle."""
    await tx.execute("delete from product_bundle_items where distributor_id = $1 and bundle_id = $2", distributor_id, bundle_id)


async def insert_items(tx: Transaction, distributor_id: UUID, bundle: NewBundle) -> None:
    """Put the items into a bundle that has none. Raises Refused for a product or variant that the tenant does not have."""
    try:
        await tx.execute(
            """
            insert into product_bundle_items (distributor_id, bundle_id, product_id, variant_id, quantity, unit, optional, sort_order)
            select $1, $2, product_id, variant_id, quantity, unit, optional, sort_order
              from rows from (
                  jsonb_to_recordset($3) as (product_id uuid, variant_id uuid, quantity numeric, unit text, optional boolean)
              ) with ordinality as i (product_id, variant_id, quantity, unit, optional, sort_order)
            """,
            distributor_id,
            bundle.id,
            [item.model_dump(mode="json") for item in bundle.items],
        )
    except ForeignKeyViolationError:
        raise Refused("an item names a product, or a variant of it, that you do not have") from None


async def select_unknown_units(connection: Connection, distributor_id: UUID, bundle_id: UUID) -> list[str]:
    """Return the units of a bundle's items that their products are not counted in."""
    rows = await connection.fetch(
        """
        select distinct i.unit
          from product_bundle_items i
          join products p on p.distributor_id = i.distributor_id and p.id = i.product_id
         where i.distributor_id = $1 and i.bundle_id = $2 and i.unit <> p.unit
           and not exists (select from product_units u where u.distributor_id = i.distributor_id and u.product_id = i.product_id and u.unit = i.unit)
         order by i.unit
        """,
        distributor_id,
        bundle_id,
    )
    return [row["unit"] for row in rows]


async def lock_bundle(tx: Transaction, distributor_id: UUID, bundle_id: UUID) -> None:
    """Keep others from changing a bundle until the transaction ends."""
    await tx.execute("select from product_bundles where distributor_id = $1 and id = $2 for update", distributor_id, bundle_id)


async def select_bundle(connection: Connection, distributor_id: UUID, bundle_id: UUID) -> Bundle | None:
    """Return a bundle."""
    row = await connection.fetchrow(f"{SELECT} where b.distributor_id = $1 and b.id = $2", distributor_id, bundle_id)
    return _bundle(row) if row else None


async def select_bundles(connection: Connection, distributor_id: UUID, after: UUID, limit: int) -> Sequence[Bundle]:
    """Return the bundles behind `after`, by their id."""
    rows = await connection.fetch(f"{SELECT} where b.distributor_id = $1 and b.id > $2 order by b.id limit $3", distributor_id, after, limit)
    return [_bundle(row) for row in rows]


async def delete_bundle(tx: Transaction, distributor_id: UUID, bundle_id: UUID) -> None:
    """Delete a bundle with its items."""
    await tx.execute("delete from product_bundles where distributor_id = $1 and id = $2", distributor_id, bundle_id)


def _bundle(row: Record) -> Bundle:
    return Bundle.model_validate(dict(row) | {"items": from_json(row["items"])})
