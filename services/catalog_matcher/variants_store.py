"""Variants of products, and the units that products are counted in. One statement a function."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from asyncpg import ForeignKeyViolationError, UniqueViolationError

from libs.postgres import Connection, Transaction
from libs.refused import Conflict, NotFound
from services.catalog_matcher.domain.variants import Named
from services.catalog_matcher.variant import NewUnit, NewVariant, Unit, Variant

VARIANT = """
    id, product_id, variant_name, variant_type, sku, unit_price, price_difference, stock_quantity, low_stock_threshold, ai_aliases, sort_order,
    active, created_at, updated_at
"""
UNIT = "id, product_id, unit, factor, is_default, catch_weight, gtin, created_at, updated_at"
FOR_UPDATE = " for update"


async def upsert_variants(tx: Transaction, distributor_id: UUID, variants: Sequence[NewVariant]) -> Sequence[Variant]:
    """Write variants by their ids. Returns those that are new or differ from what was there. Raises Conflict, NotFound."""
    try:
        rows = await tx.fetch(
            f"""
            insert into product_variants as v (distributor_id, id, product_id, variant_name, variant_type, sku, unit_price, stock_quantity,
                                               low_stock_threshold, ai_aliases, sort_order, active)
            select $1, id, product_id, variant_name, variant_type, sku, unit_price, stock_quantity,
                   low_stock_threshold, ai_aliases, sort_order, active
              from jsonb_populate_recordset(null::product_variants, $2)
             order by id
                on conflict (distributor_id, id) do update
               set variant_name = excluded.variant_name, variant_type = excluded.variant_type, sku = excluded.sku, unit_price = excluded.unit_price,
                   stock_quantity = excluded.stock_quantity, low_stock_threshold = excluded.low_stock_threshold, ai_aliases = excluded.ai_aliases,
                   sort_order = excluded.sort_order, active = excluded.active
             where (v.variant_name, v.variant_type, v.sku, v.unit_price, v.stock_quantity, v.low_stock_threshold, v.ai_aliases, v.sort_order,
                    v.active)
                   is distinct from (excluded.variant_name, excluded.variant_type, excluded.sku, excluded.unit_price, excluded.stock_quantity,
                                     excluded.low_stock_threshold, excluded.ai_aliases, excluded.sort_order, excluded.active)
            returning {VARIANT}
            """,  # noqa: S608 - column names of ours
            distributor_id,
            [variant.model_dump(mode="json") for variant in variants],
        )
    except UniqueViolationError:
        raise Conflict("another variant has this sku") from None
    except ForeignKeyViolationError:
        raise NotFound("there is no such product") from None
    return [Variant.model_validate(dict(row)) for row in rows]


async def select_variant(
    connection: Connection, distributor_id: UUID, product_id: UUID, variant_id: UUID, *, changing: bool = False
) -> Variant | None:
    """Return a variant of a product; `changing` keeps others from it until the transaction ends."""
    row = await connection.fetchrow(
        f"select {VARIANT} from product_variants where distributor_id = $1 and product_id = $2 and id = $3{FOR_UPDATE if changing else ''}",  # noqa: S608 - column names of ours
        distributor_id,
        product_id,
        variant_id,
    )
    return Variant.model_validate(dict(row)) if row else None


async def select_variants(connection: Connection, distributor_id: UUID, product_id: UUID, after: UUID, limit: int) -> Sequence[Variant]:
    """Return a product's variants behind `after`, by their id."""
    rows = await connection.fetch(
        f"""
        select {VARIANT} from product_variants where distributor_id = $1 and product_id = $2 and id > $3 order by id limit $4
        """,  # noqa: S608 - column names of ours
        distributor_id,
        product_id,
        after,
        limit,
    )
    return [Variant.model_validate(dict(row)) for row in rows]


async def select_named(connection: Connection, products: Iterable[tuple[UUID, UUID]]) -> dict[UUID, list[Named]]:
    """Return what the variants of products, named by tenant and id, are called; products without any are left out."""
    pairs = sorted(set(products))
    rows = await connection.fetch(
        """
        select v.product_id, v.id, v.variant_name, v.sku, v.ai_aliases
          from unnest($1::uuid[], $2::uuid[]) as w (distributor_id, product_id)
          join product_variants v using (distributor_id, product_id)
         where v.active
         order by v.product_id, v.sort_order, v.sku
        """,
        [distributor_id for distributor_id, _ in pairs],
        [product_id for _, product_id in pairs],
    )
    found: dict[UUID, list[Named]] = {}
    for row in rows:
        found.setdefault(row["product_id"], []).append(Named(row["id"], (row["variant_name"], row["sku"], *row["ai_aliases"])))
    return found


async def delete_variant(tx: Transaction, distributor_id: UUID, variant_id: UUID) -> None:
    """Delete a variant. Raises Conflict while a bundle holds it."""
    try:
        await tx.execute("delete from product_variants where distributor_id = $1 and id = $2", distributor_id, variant_id)
    except ForeignKeyViolationError:
        raise Conflict("a bundle holds this variant; take it out of the bundle first, or set active to false") from None


async def upsert_units(tx: Transaction, distributor_id: UUID, units: Sequence[NewUnit]) -> Sequence[Unit]:
    """Write units, each by its product and name. Returns those that are new or differ from what was there. Raises Conflict, NotFound."""
    try:
        rows = await tx.fetch(
            f"""
            insert into product_units as u (distributor_id, id, product_id, unit, factor, is_default, catch_weight, gtin)
            select $1, id, product_id, unit, factor, is_default, catch_weight, gtin
              from jsonb_populate_recordset(null::product_units, $2)
             order by product_id, unit
                on conflict on constraint product_units_unit do update
               set factor = excluded.factor, is_default = excluded.is_default, catch_weight = excluded.catch_weight, gtin = excluded.gtin
             where (u.factor, u.is_default, u.catch_weight, u.gtin) is distinct from
                   (excluded.factor, excluded.is_default, excluded.catch_weight, excluded.gtin)
            returning {UNIT}
            """,  # noqa: S608 - column names of ours
            distributor_id,
            [unit.model_dump(mode="json") for unit in units],
        )
    except UniqueViolationError:
        raise Conflict("another unit of the product is its default already") from None
    except ForeignKeyViolationError:
        raise NotFound("there is no such product") from None
    return [Unit.model_validate(dict(row)) for row in rows]


async def select_unit(connection: Connection, distributor_id: UUID, product_id: UUID, unit_id: UUID, *, changing: bool = False) -> Unit | None:
    """Return a unit of a product; `changing` keeps others from it until the transaction ends."""
    row = await connection.fetchrow(
        f"select {UNIT} from product_units where distributor_id = $1 and product_id = $2 and id = $3{FOR_UPDATE if changing else ''}",  # noqa: S608 - column names of ours
        distributor_id,
        product_id,
        unit_id,
    )
    return Unit.model_validate(dict(row)) if row else None


async def select_units(connection: Connection, distributor_id: UUID, product_id: UUID, after: UUID, limit: int) -> Sequence[Unit]:
    """Return a product's units behind `after`, by their id."""
    rows = await connection.fetch(
        f"""
        select {UNIT} from product_units where distributor_id = $1 and product_id = $2 and id > $3 order by id limit $4
        """,  # noqa: S608 - column names of ours
        distributor_id,
        product_id,
        after,
        limit,
    )
    return [Unit.model_validate(dict(row)) for row in rows]


async def delete_unit(tx: Transaction, distributor_id: UUID, unit_id: UUID) -> None:
    """Delete a unit."""
    await tx.execute("delete from product_units where distributor_id = $1 and id = $2", distributor_id, unit_id)
