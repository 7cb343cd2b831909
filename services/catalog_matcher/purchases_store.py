"""What customers bought and what they called it. One statement a function."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from libs import postgres
from libs.postgres import Connection, Transaction
from services.catalog_matcher.domain.references import Purchase

REMEMBERED_DAYS = 400
LARGEST_HISTORY = 2_000
"""Lines of one customer that are looked through for an earlier order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of an order in its newest version, as it is remembered."""

    distributor_id: UUID
    order_id: UUID
    line_id: UUID
    customer_id: UUID
    order_version: int
    line_order: int
    product_id: UUID
    variant_id: UUID | None
    product_name: str
    unit: str
    quantity: Decimal
    phrase: str | None
    phrase_key: str | None
    corrected: bool
    rejected_product_id: UUID | None
    ordered_at: datetime
    told_at: datetime


async def lock_customers(tx: Transaction, customers: Iterable[tuple[UUID, UUID]]) -> None:
    """Let nobody else take in what these customers, named by tenant and id, buy and say until the transaction ends."""
    await tx.execute(
        "select pg_advisory_xact_lock(hashtextextended('purchases/' || key, 0)) from unnest($1::text[]) as k (key)",
        sorted({f"{distributor_id}/{customer_id}" for distributor_id, customer_id in customers}),
    )


async def select_order_versions(connection: Connection, orders: Iterable[tuple[UUID, UUID]]) -> dict[UUID, int]:
    """Return the version that each order, named by tenant and id, is remembered in; unknown ones are left out."""
    pairs = list(orders)
    rows = await connection.fetch(
        """
        select p.order_id, max(p.order_version) as version
          from unnest($1::uuid[], $2::uuid[]) as o (distributor_id, order_id)
          join customer_purchases p using (distributor_id, order_id)
         group by p.order_id
        """,
        [distributor_id for distributor_id, _ in pairs],
        [order_id for _, order_id in pairs],
    )
    return {row["order_id"]: row["version"] for row in rows}


async def delete_lines_of(tx: Transaction, orders: Sequence[Mapping[str, Any]]) -> set[tuple[UUID, UUID, str]]:
    """Forget the lines that orders (distributor_id, order_id, line_ids) have no more. Returns tenant, customer and phrase key of each."""
    rows = await tx.fetch(
        """
        delete from customer_purchases p
         using json_to_recordset($1::json) as o (distributor_id uuid, order_id uuid, line_ids uuid[])
         where p.distributor_id = o.distributor_id and p.order_id = o.order_id and not p.line_id = any (o.line_ids)
        returning p.distributor_id, p.customer_id, p.phrase_key
        """,
        postgres.to_json_text(orders),
    )
    return {(row["distributor_id"], row["customer_id"], row["phrase_key"]) for row in rows if row["phrase_key"]}


async def upsert_lines(tx: Transaction, lines: Sequence[Line]) -> set[tuple[UUID, UUID, str]]:
    """Remember lines as they are now; words and corrections that are known of them already stay. Returns tenant, customer and phrase key of each."""
    rows = await tx.fetch(
        """
        insert into customer_purchases as p
               (distributor_id, order_id, line_id, customer_id, order_version, line_order, product_id, variant_id, product_name, unit,
                quantity, phrase, phrase_key, corrected, rejected_product_id, ordered_at, told_at)
        select * from json_to_recordset($1::json) as e (
            distributor_id uuid, order_id uuid, line_id uuid, customer_id uuid, order_version int, line_order int, product_id uuid, variant_id uuid,
            product_name text, unit text, quantity numeric, phrase text, phrase_key text, corrected boolean, rejected_product_id uuid,
            ordered_at timestamptz, told_at timestamptz)
         order by distributor_id, order_id, line_id
            on conflict (distributor_id, order_id, line_id) do update
           set customer_id = excluded.customer_id, order_version = excluded.order_version, line_order = excluded.line_order,
               product_id = excluded.product_id, variant_id = excluded.variant_id, product_name = excluded.product_name,
               unit = excluded.unit, quantity = excluded.quantity,
               phrase = coalesce(excluded.phrase, p.phrase), phrase_key = coalesce(excluded.phrase_key, p.phrase_key),
               corrected = excluded.corrected or p.corrected,
               rejected_product_id = nullif(coalesce(excluded.rejected_product_id, p.rejected_product_id), excluded.product_id),
               told_at = excluded.told_at
        returning distributor_id, customer_id, phrase_key
        """,
        postgres.to_json_text(lines),
    )
    return {(row["distributor_id"], row["customer_id"], row["phrase_key"]) for row in rows if row["phrase_key"]}


async def update_corrections(tx: Transaction, lines: Sequence[Line]) -> set[tuple[UUID, UUID, str]]:
    """Note that a person corrected lines whose order was told of in a newer version before. Returns tenant, customer and phrase key of each."""
    rows = await tx.fetch(
        """
        update customer_purchases p
           set corrected = true, rejected_product_id = nullif(e.rejected_product_id, p.product_id),
               phrase = coalesce(p.phrase, e.phrase), phrase_key = coalesce(p.phrase_key, e.phrase_key)
          from json_to_recordset($1::json) as e (
               distributor_id uuid, order_id uuid, line_id uuid, product_id uuid, phrase text, phrase_key text, rejected_product_id uuid)
         where p.distributor_id = e.distributor_id and p.order_id = e.order_id and p.line_id = e.line_id and p.product_id = e.product_id
           and not p.corrected
        returning p.distributor_id, p.customer_id, p.phrase_key
        """,
        postgres.to_json_text(lines),
    )
    return {(row["distributor_id"], row["customer_id"], row["phrase_key"]) for row in rows if row["phrase_key"]}


async def delete_customer(tx: Transaction, distributor_id: UUID, customer_id: UUID) -> None:
    """Forget what a customer bought."""
    await tx.execute("delete from customer_purchases where distributor_id = $1 and customer_id = $2", distributor_id, customer_id)


async def select_purchases(connection: Connection, customers: Iterable[tuple[UUID, UUID]]) -> dict[UUID, list[Purchase]]:
    """Return what customers, named by tenant and id, bought lately, by the day it was where their tenant is; the latest first."""
    pairs = sorted(set(customers))
    rows = await connection.fetch(
        """
        select w.customer_id, p.order_id, (p.ordered_at at time zone coalesce(d.timezone, 'UTC'))::date as ordered_on,
               p.product_id, p.variant_id, p.product_name, p.unit, p.quantity
          from unnest($1::uuid[], $2::uuid[]) as w (distributor_id, customer_id)
          left join distributors d using (distributor_id)
         cross join lateral (
              select * from customer_purchases p
               where p.distributor_id = w.distributor_id and p.customer_id = w.customer_id and p.ordered_at > now() - make_interval(days => $3)
               order by p.ordered_at desc
               limit $4
         ) p
         order by w.customer_id, p.ordered_at desc, p.order_id, p.line_order
        """,
        [distributor_id for distributor_id, _ in pairs],
        [customer_id for _, customer_id in pairs],
        REMEMBERED_DAYS,
        LARGEST_HISTORY,
    )
    found: dict[UUID, list[Purchase]] = {customer_id: [] for _, customer_id in pairs}
    for row in rows:
        values = dict(row)
        found[values.pop("customer_id")].append(Purchase(**values))
    return found
