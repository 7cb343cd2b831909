"""Orders and their lines. One statement a function."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from libs.postgres import Connection, Transaction
from schemas.match import Candidate
from services.order_session.domain.orders import Consolidated
from services.order_session.domain.session import Item, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """A consolidated order with all that its row needs."""

    session: Session
    order: Consolidated
    number: int
    currency: str
    timezone: str
    received_at: datetime
    delivery_address: str | None
    message_id: UUID
    message: str


async def next_numbers(tx: Transaction, distributor_ids: Sequence[UUID]) -> list[int]:
    """Return the next order number for each of `distributor_ids`, which may repeat. Gapless: the tenant's row stays locked until the commit."""
    counts = Counter(distributor_ids)
    rows = await tx.fetch(
        """
        insert into order_numbers as n (distributor_id, last_number)
        select * from unnest($1::uuid[], $2::bigint[]) as e (distributor_id, orders) order by distributor_id
            on conflict (distributor_id) do update set last_number = n.last_number + excluded.last_number
        returning distributor_id, last_number
        """,
        list(counts),
        list(counts.values()),
    )
    following = {row["distributor_id"]: row["last_number"] - counts[row["distributor_id"]] for row in rows}
    numbers: list[int] = []
    for distributor_id in distributor_ids:
        following[distributor_id] += 1
        numbers.append(following[distributor_id])
    return numbers


async def insert_orders(tx: Transaction, orders: Sequence[NewOrder]) -> None:
    """Save new orders."""
    local = [order.received_at.astimezone(ZoneInfo(order.timezone)) for order in orders]
    await tx.execute(
        """
        insert into orders (distributor_id, id, order_number, customer_id, conversation_id, channel, status, received_date, received_time,
            delivery_address,
                            currency, total_amount, whatsapp_message, ai_generated, ai_confidence, ai_source_message_id, order_session_id,
                            is_consolidated, requires_review, review_reasons)
        select distributor_id, id, order_number, customer_id, conversation_id, channel, status, received_date, received_time, delivery_address,
               currency, total_amount, case when channel = 'WHATSAPP' then message end, true, ai_confidence, message_id, order_session_id,
               true, jsonb_array_length(review_reasons) > 0, review_reasons
          from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::date[], $9::time[], $10::text[],
                      $11::text[], $12::numeric[], $13::text[], $14::numeric[], $15::uuid[], $16::uuid[], $17::text[]::jsonb[])
            as e (distributor_id, id, order_number, customer_id, conversation_id, channel, status, received_date, received_time, delivery_address,
                  currency, total_amount, message, ai_confidence, message_id, order_session_id, review_reasons)
        """,
        [o.session.distributor_id for o in orders],
        [o.order.order_id for o in orders],
        [o.number for o in orders],
        [o.session.customer_id for o in orders],
        [o.session.conversation_id for o in orders],
        [o.session.channel for o in orders],
        [o.order.status for o in orders],
        [at.date() for at in local],
        [at.time().replace(tzinfo=None) for at in local],
        [o.delivery_address for o in orders],
        [o.currency for o in orders],
        [o.order.total for o in orders],
        [o.message for o in orders],
        [o.order.confidence for o in orders],
        [o.message_id for o in orders],
        [o.session.id for o in orders],
        [json.dumps(o.order.reasons) for o in orders],
    )


async def insert_order_products(tx: Transaction, orders: Sequence[NewOrder]) -> None:
    """Save the lines of new orders."""
    rows = [(o, line, item) for o in orders for line, item in zip(o.order.lines, o.session.open_items, strict=True)]
    await tx.execute(
        """
        insert into order_products
               (distributor_id, id, order_id, line_order, product_name, product_unit, product_code, quantity, unit_price, line_price, ai_extracted,
                ai_confidence, ai_original_text, text_start, text_end, suggested_product_id, matched_product_id, variant_id, matching_confidence,
                matching_method, matching_score, alternative_matches)
        select distributor_id, id, order_id, line_order, product_name, product_unit, product_code, quantity, unit_price, line_price, true,
               ai_confidence, original_text, text_start, text_end, suggested_product_id, product_id, variant_id, matching_confidence,
               matching_method, matching_score, alternatives
          from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[], $5::text[], $6::text[], $7::text[], $8::numeric[], $9::numeric[],
              $10::numeric[],
                      $11::numeric[], $12::text[], $13::integer[], $14::integer[], $15::uuid[], $16::uuid[], $17::uuid[], $18::numeric[], $19::text[],
                      $20::numeric[], $21::text[]::jsonb[])
            as e (distributor_id, id, order_id, line_order, product_name, product_unit, product_code, quantity, unit_price, line_price,
                  ai_confidence, original_text, text_start, text_end, suggested_product_id, product_id, variant_id, matching_confidence,
                  matching_method, matching_score, alternatives)
        """,
        [o.session.distributor_id for o, _, _ in rows],
        [line.line_id for _, line, _ in rows],
        [o.order.order_id for o, _, _ in rows],
        [line.line_order for _, line, _ in rows],
        [line.product_name for _, line, _ in rows],
        [line.product_unit for _, line, _ in rows],
        [line.sku for _, line, _ in rows],
        [line.quantity for _, line, _ in rows],
        [line.unit_price for _, line, _ in rows],
        [line.line_price for _, line, _ in rows],
        [item.ai_confidence for _, _, item in rows],
        [item.original_text for _, _, item in rows],
        [item.text_start for _, _, item in rows],
        [item.text_end for _, _, item in rows],
        [_suggested(item) for _, _, item in rows],
        [line.product_id for _, line, _ in rows],
        [line.variant_id for _, line, _ in rows],
        [line.matching_confidence for _, line, _ in rows],
        [line.matching_method for _, line, _ in rows],
        [item.score for _, _, item in rows],
        [_json(item.alternatives) for _, _, item in rows],
    )


async def select_orders(connection: Connection, distributor_id: UUID, before: int | None, limit: int, status: str | None) -> list[dict[str, Any]]:
    """Return orders, the newest first, from those numbered below `before` on; of one status, if it is named."""
    rows = await connection.fetch(
        """
        select id, order_number, version, customer_id, conversation_id, channel, status, received_date, received_time, delivery_date, currency,
            total_amount,
               ai_confidence, requires_review, review_reasons, created_at
          from orders
         where distributor_id = $1 and ($2::bigint is null or order_number < $2) and ($4::text is null or status = $4)
         order by order_number desc
         limit $3
        """,
        distributor_id,
        before,
        limit,
        status,
    )
    return [dict(row) for row in rows]


async def select_order(connection: Connection, distributor_id: UUID, order_id: UUID) -> dict[str, Any] | None:
    """Return an order."""
    row = await connection.fetchrow("select * from orders where distributor_id = $1 and id = $2", distributor_id, order_id)
    return dict(row) if row else None


async def select_order_products(connection: Connection, distributor_id: UUID, order_id: UUID) -> list[dict[str, Any]]:
    """Return the lines of an order, in their order."""
    rows = await connection.fetch(
        "select * from order_products where distributor_id = $1 and order_id = $2 order by line_order", distributor_id, order_id
    )
    return [dict(row) for row in rows]


def _suggested(item: Item) -> UUID | None:
    """What the machine would have chosen: the product found, or the best of those that it was not sure of."""
    if item.product:
        return item.product.product_id
    return item.alternatives[0].product.product_id if item.alternatives else None


def _json(candidates: Sequence[Candidate]) -> str:
    return "[" + ",".join(candidate.model_dump_json() for candidate in candidates) + "]"
