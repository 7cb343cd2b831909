"""The statements on our copies of products and orders: what support may speak of."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from libs.postgres import Transaction
from schemas.order import OrderEvent
from schemas.product_changed import ProductChanged
from services.ai_agent.facts import KnownOrder, KnownProduct
from services.ai_agent.jobs_store import Claimed

MOST_PRODUCTS = 8
MOST_ORDERS = 3


async def upsert_products(tx: Transaction, events: Sequence[ProductChanged]) -> None:
    """Keep the newest word on products of any of the transaction's tenants."""
    newest = {event.product_id: event for event in sorted(events, key=lambda event: event.occurred_at)}
    await tx.execute(
        """
        insert into products as p (distributor_id, id, name, unit, unit_price, in_stock, stock_quantity, active, as_of)
        select distributor_id, product_id, name, unit, unit_price, in_stock, stock_quantity, active, occurred_at
          from jsonb_to_recordset($1)
            as e (distributor_id uuid, product_id uuid, name text, unit text, unit_price numeric, in_stock boolean, stock_quantity numeric,
                  active boolean, occurred_at timestamptz)
         order by 1, 2
            on conflict (distributor_id, id) do update
           set name = excluded.name, unit = excluded.unit, unit_price = excluded.unit_price, in_stock = excluded.in_stock,
               stock_quantity = excluded.stock_quantity, active = excluded.active, as_of = excluded.as_of
         where p.as_of <= excluded.as_of
        """,
        list(newest.values()),
    )


async def upsert_order(tx: Transaction, event: OrderEvent) -> None:
    """Keep the newest word on an order."""
    await tx.execute(
        """
        insert into orders as o (distributor_id, id, conversation_id, order_number, status, delivery_date, total_amount, currency, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            on conflict (distributor_id, id) do update
           set conversation_id = excluded.conversation_id, status = excluded.status, delivery_date = excluded.delivery_date,
               total_amount = excluded.total_amount, version = excluded.version
         where o.version <= excluded.version
        """,
        event.distributor_id,
        event.order_id,
        event.conversation_id,
        event.order_number,
        event.status,
        event.delivery_date,
        event.total_amount,
        event.currency,
        event.version,
    )


async def select_products(tx: Transaction, jobs: Sequence[Claimed]) -> dict[UUID, tuple[KnownProduct, ...]]:
    """Return for each job the products whose names share words with the message, those with the most before the others."""
    rows = await tx.fetch(
        """
        select e.id, p.name, p.unit, p.unit_price, p.in_stock, p.stock_quantity
          from unnest($1::uuid[], $2::uuid[], $3::text[]) as e (distributor_id, id, content)
         cross join lateral (
                select string_agg(quote_literal(w.lexeme), ' | ')::tsquery as query
                  from unnest(to_tsvector('english', e.content)) as w (lexeme, positions, weights)) words
         cross join lateral (
                select o.* from products o
                 where o.distributor_id = e.distributor_id and o.active and o.search_vector @@ words.query
                 order by ts_rank(o.search_vector, words.query) desc, o.name limit $4) p
        """,
        [job.distributor_id for job in jobs],
        [job.id for job in jobs],
        [job.message.content for job in jobs],
        MOST_PRODUCTS,
    )
    products: dict[UUID, list[KnownProduct]] = defaultdict(list)
    for row in rows:
        products[row["id"]].append(
            KnownProduct(
                name=row["name"], unit=row["unit"], unit_price=row["unit_price"], in_stock=row["in_stock"], stock_quantity=row["stock_quantity"]
            )
        )
    return {job_id: tuple(found) for job_id, found in products.items()}


async def select_orders(tx: Transaction, jobs: Sequence[Claimed]) -> dict[UUID, tuple[KnownOrder, ...]]:
    """Return for each job the newest orders of its conversation."""
    rows = await tx.fetch(
        """
        select e.id, o.order_number, o.status, o.delivery_date, o.total_amount, o.currency
          from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as e (distributor_id, id, conversation_id)
         cross join lateral (
                select * from orders n
                 where n.distributor_id = e.distributor_id and n.conversation_id = e.conversation_id
                 order by n.order_number desc limit $4) o
        """,
        [job.distributor_id for job in jobs],
        [job.id for job in jobs],
        [job.message.conversation_id for job in jobs],
        MOST_ORDERS,
    )
    orders: dict[UUID, list[KnownOrder]] = defaultdict(list)
    for row in rows:
        orders[row["id"]].append(
            KnownOrder(
                order_number=row["order_number"],
                status=row["status"],
                delivery_date=row["delivery_date"],
                total_amount=row["total_amount"],
                currency=row["currency"],
            )
        )
    return {job_id: tuple(found) for job_id, found in orders.items()}
