"""Price lists and the prices on them. One statement a function."""

from collections.abc import Sequence
from uuid import UUID

from asyncpg import ForeignKeyViolationError, UniqueViolationError

from libs.postgres import Connection, Transaction
from libs.refused import Conflict, Refused
from services.catalog_matcher.price_list import NewPriceList, Price, PriceList, StoredPrice

LIST = "id, name, description, valid_from, valid_to, active, created_at, updated_at"
PRICE = "id, product_id, variant_id, unit_price, created_at, updated_at"
FOR_UPDATE = " for update"


async def upsert_price_list(tx: Transaction, distributor_id: UUID, wanted: NewPriceList) -> None:
    """Write a price list by its id. Raises Conflict."""
    try:
        await tx.execute(
            """
            insert into price_lists as l (distributor_id, id, name, description, valid_from, valid_to, active)
            select $1, id, name, description, valid_from, valid_to, active from jsonb_populate_record(null::price_lists, $2)
                on conflict (distributor_id, id) do update
               set name = excluded.name, description = excluded.description, valid_from = excluded.valid_from, valid_to = excluded.valid_to,
                   active = excluded.active
             where (l.name, l.description, l.valid_from, l.valid_to, l.active) is distinct from
                   (excluded.name, excluded.description, excluded.valid_from, excluded.valid_to, excluded.active)
            """,
            distributor_id,
            wanted.model_dump(mode="json"),
        )
    except UniqueViolationError:
        raise Conflict("another price list has this name") from None


async def select_price_list(connection: Connection, distributor_id: UUID, list_id: UUID, *, changing: bool = False) -> PriceList | None:
    """Return a price list; `changing` keeps others from it until the transaction ends."""
    row = await connection.fetchrow(
        f"select {LIST} from price_lists where distributor_id = $1 and id = $2{FOR_UPDATE if changing else ''}",  # noqa: S608 - column names of ours
        distributor_id,
        list_id,
    )
    return PriceList.model_validate(dict(row)) if row else None


async def select_price_lists(connection: Connection, distributor_id: UUID, after: UUID, limit: int) -> Sequence[PriceList]:
    """Return the price lists behind `after`, by their id."""
    rows = await connection.fetch(
        f"select {LIST} from price_lists where distributor_id = $1 and id > $2 order by id limit $3",  # noqa: S608 - column names of ours
        distributor_id,
        after,
        limit,
    )
    return [PriceList.model_validate(dict(row)) for row in rows]


async def delete_price_list(tx: Transaction, distributor_id: UUID, list_id: UUID) -> None:
    """Delete a price list with its prices."""
    await tx.execute("delete from price_lists where distributor_id = $1 and id = $2", distributor_id, list_id)


async def upsert_prices(tx: Transaction, distributor_id: UUID, list_id: UUID, prices: Sequence[Price]) -> int:
    """Write prices of a list. Returns how many are new or differ. Raises Refused for a product or variant that the tenant does not have."""
    try:
        rows = await tx.fetch(
            """
            insert into price_list_items as i (distributor_id, price_list_id, product_id, variant_id, unit_price)
            select $1, $2, product_id, variant_id, unit_price
              from jsonb_to_recordset($3) as p (product_id uuid, variant_id uuid, unit_price numeric)
             order by product_id, variant_id
                on conflict on constraint price_list_items_product do update set unit_price = excluded.unit_price
             where i.unit_price <> excluded.unit_price
            returning id
            """,
            distributor_id,
            list_id,
            [price.model_dump(mode="json") for price in prices],
        )
    except ForeignKeyViolationError:
        raise Refused("a price names a product, or a variant of it, that you do not have") from None
    return len(rows)


async def select_prices(connection: Connection, distributor_id: UUID, list_id: UUID, after: UUID, limit: int) -> Sequence[StoredPrice]:
    """Return the prices of a list behind `after`, by their id."""
    rows = await connection.fetch(
        f"""
        select {PRICE} from price_list_items where distributor_id = $1 and price_list_id = $2 and id > $3 order by id limit $4
        """,  # noqa: S608 - column names of ours
        distributor_id,
        list_id,
        after,
        limit,
    )
    return [StoredPrice.model_validate(dict(row)) for row in rows]


async def delete_price(tx: Transaction, distributor_id: UUID, list_id: UUID, price_id: UUID) -> bool:
    """Take a price off a list. Returns False where it has none such."""
    gone = "delete from price_list_items where distributor_id = $1 and price_list_id = $2 and id = $3 returning true"
    return bool(await tx.fetchval(gone, distributor_id, list_id, price_id))
