"""What is in the databases and on the topics, to be held against what was sent."""

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.local.stack import Stack
from libs.dead_letter import SUFFIX
from libs.postgres import Connection
from schemas import topics
from schemas.topics import Visibility

SETTLED_WITHIN_SECONDS = 120.0
Stream = tuple[str, str]
"""Topic and key."""


@dataclass(frozen=True, slots=True)
class Order:
    """A booked order: whose conversation, in which state, with which lines (sku, quantity)."""

    conversation_id: UUID
    number: int
    status: str
    lines: list[tuple[str, Decimal]]


@asynccontextmanager
async def database(stack: Stack, service: str) -> AsyncGenerator[Connection]:
    """Open a service's database as a superuser, who sees every tenant's rows."""
    connection = await asyncpg.connect(stack.admin_url.rsplit("/", 1)[0] + f"/{service}")
    try:
        yield connection
    finally:
        await connection.close()


async def wait_until_settled(stack: Stack, orders: int) -> None:
    """Wait until `orders` are booked, every outbox is published and every reply and webhook is delivered. Raises AssertionError with what is not."""
    deadline = time.monotonic() + SETTLED_WITHIN_SECONDS
    while left := await _left(stack, orders):
        assert time.monotonic() < deadline, f"still to be done after {SETTLED_WITHIN_SECONDS:.0f} s: {left}"
        await asyncio.sleep(0.5)


async def _left(stack: Stack, orders: int) -> dict[str, int]:
    left: dict[str, int] = {}
    for service in stack.names:
        async with database(stack, service) as connection:
            left[f"{service}.outbox"] = await connection.fetchval("select count(*) from outbox")
    async with database(stack, "order_session") as connection:
        left["orders"] = max(0, orders - await connection.fetchval("select count(*) from orders"))
    async with database(stack, "outbound") as connection:
        left["replies"] = await connection.fetchval("select count(*) from outbound_messages where state = 'PENDING'")
    async with database(stack, "message_store") as connection:
        left["statuses"] = await connection.fetchval("select count(*) from messages where not is_from_customer and status = 'QUEUED'")
    async with database(stack, "webhook_dispatcher") as connection:
        left["webhooks"] = await connection.fetchval("select count(*) from webhook_deliveries where status in ('PENDING', 'RETRYING')")
    return {what: count for what, count in left.items() if count}


async def stored_messages(stack: Stack) -> Counter[str]:
    """How often each of the customers' messages is stored, by its provider's id."""
    async with database(stack, "message_store") as connection:
        rows = await connection.fetch("select external_message_id from messages where is_from_customer")
    return Counter(row["external_message_id"] for row in rows)


async def replies(stack: Stack) -> Counter[str]:
    """How often each of our messages is stored, by our own id."""
    async with database(stack, "message_store") as connection:
        rows = await connection.fetch("select id from messages where not is_from_customer")
    return Counter(str(row["id"]) for row in rows)


async def thread_gaps(stack: Stack) -> int:
    """How many conversations have a gap in their places."""
    async with database(stack, "message_store") as connection:
        return await connection.fetchval(
            """
            select count(*) from (select conversation_id from messages group by 1 having count(*) <> max(thread_position)) as with_gaps
            """
        )


async def booked_orders(stack: Stack) -> list[Order]:
    """Every order with its lines, by number."""
    async with database(stack, "order_session") as connection:
        rows = await connection.fetch(
            """
            select o.conversation_id, o.order_number, o.status, p.product_code, p.quantity
              from orders o join order_products p on (p.distributor_id, p.order_id) = (o.distributor_id, o.id)
             order by o.order_number, p.line_order
            """
        )
    orders: dict[int, Order] = {}
    for row in rows:
        order = orders.setdefault(row["order_number"], Order(row["conversation_id"], row["order_number"], row["status"], []))
        order.lines.append((row["product_code"], row["quantity"]))
    return list(orders.values())


async def read_public_topics(stack: Stack) -> tuple[dict[Stream, set[int]], list[dict[str, Any]], int]:
    """Return the sequences of every public topic and key, the events of order.confirmed, and how many dead letters there are."""
    known = topics.load()
    public = [name for name, topic in known.items() if topic.visibility is Visibility.PUBLIC]
    dead = [name + SUFFIX for name, topic in known.items() if topic.dead_letters]
    sequences: dict[Stream, set[int]] = defaultdict(set)
    confirmed: dict[str, dict[str, Any]] = {}
    dead_letters = 0
    consumer = AIOKafkaConsumer(*public, *dead, bootstrap_servers=stack.bootstrap, group_id=f"account-{uuid4()}", auto_offset_reset="earliest")
    await consumer.start()
    try:
        ends: Mapping[TopicPartition, int] = await consumer.end_offsets(consumer.assignment())
        assert len(ends) >= len(public) + len(dead)
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for partition, records in (await consumer.getmany(timeout_ms=500)).items():
                if partition.topic.endswith(SUFFIX):
                    dead_letters += len(records)
                    continue
                for record in records:
                    headers = dict(record.headers)
                    sequences[partition.topic, (record.key or b"").decode()].add(int(headers["ce_sequence"]))
                    if partition.topic == "order.confirmed":
                        confirmed[headers["ce_id"].decode()] = json.loads(record.value or b"{}")
    finally:
        await consumer.stop()
    return sequences, list(confirmed.values()), dead_letters


async def enqueued_sequences(stack: Stack) -> dict[Stream, int]:
    """The last number that was given out for every public topic and key."""
    public = [name for name, topic in topics.load().items() if topic.visibility is Visibility.PUBLIC]
    last: dict[Stream, int] = {}
    for service in stack.names:
        async with database(stack, service) as connection:
            rows = await connection.fetch("select topic, key, last_sequence from outbox_sequences where topic = any($1::text[])", public)
        last |= {(row["topic"], row["key"]): row["last_sequence"] for row in rows}
    return last
