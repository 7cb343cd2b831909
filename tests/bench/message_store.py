"""message_store against a bare loop and against a transaction a message: messages stored a second."""

import asyncio
import json
import time
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from aiokafka import AIOKafkaConsumer
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from libs import postgres, telemetry
from libs.service import Service
from libs.settings import Settings
from schemas.message_received import MessageReceived
from services.message_store.__main__ import CONSUMES

TOPIC = MessageReceived.topic
BATCH = 500

BARE_TABLE = """
    drop table if exists bare_messages;
    create table bare_messages (like messages including all);
    alter table bare_messages disable row level security;
"""
BARE_INSERT = """
    insert into bare_messages (distributor_id, conversation_id, content, is_from_customer, message_type, status, attachments, thread_position,
                               sender_contact_id, integration_id, external_message_id, external_metadata, sent_at)
    select distributor_id, conversation_id, content, true, message_type, 'RECEIVED', attachments, thread_position, null, integration_id,
           external_message_id, external_metadata, sent_at
      from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[]::jsonb[], $6::integer[], $7::uuid[], $8::text[], $9::text[]::jsonb[],
                  $10::timestamptz[])
        as e (distributor_id, conversation_id, content, message_type, attachments, thread_position, integration_id, external_message_id,
              external_metadata, sent_at)
"""


async def bare_loop(admin_url: str, bootstrap: str, count: int) -> float:
    """Messages a second of a loop that inserts batches into the same table without inbox, outbox or row level security."""
    connection = await asyncpg.connect(admin_url)
    await connection.execute(BARE_TABLE)
    consumer = AIOKafkaConsumer(
        TOPIC, bootstrap_servers=bootstrap, group_id=f"bare-{uuid4()}", auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    done, started = 0, 0.0
    try:
        while done < count:
            by_partition = await consumer.getmany(timeout_ms=1000, max_records=BATCH)
            records = [record for records in by_partition.values() for record in records]
            if not records:
                continue
            started = started or time.perf_counter()
            rows = [json.loads(record.value or b"{}") for record in records]
            async with connection.transaction():
                await connection.execute(
                    BARE_INSERT,
                    [UUID(row["distributor_id"]) for row in rows],
                    [UUID(row["conversation_id"]) for row in rows],
                    [row["content"] for row in rows],
                    [row["message_type"] for row in rows],
                    [json.dumps(row["attachments"]) for row in rows],
                    [record.offset + 1 for record in records],
                    [UUID(row["integration_id"]) for row in rows],
                    [row["external_message_id"] for row in rows],
                    [json.dumps(row["external_metadata"]) for row in rows],
                    [datetime.fromisoformat(row["sent_at"]) for row in rows],
                )
            await consumer.commit()
            done += len(records)
    finally:
        await consumer.stop()
        await connection.close()
    return done / (time.perf_counter() - started)


async def transaction_a_message(admin_url: str, bootstrap: str, count: int) -> float:
    """Messages a second of a plain FastStream handler: one message, one transaction with an inbox row and the message."""
    pool = await postgres.create_pool(admin_url, "plain", 5)
    await pool.execute(BARE_TABLE + "drop table if exists bare_inbox; create table bare_inbox (event_id uuid primary key);")
    broker = KafkaBroker(bootstrap, logger=None)
    done, started, enough = 0, 0.0, asyncio.Event()

    @broker.subscriber(TOPIC, group_id=f"plain-{uuid4()}", auto_offset_reset="earliest", ack_policy=AckPolicy.NACK_ON_ERROR)
    async def store(event: MessageReceived) -> None:  # pyright: ignore[reportUnusedFunction]
        nonlocal done, started
        started = started or time.perf_counter()
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("insert into bare_inbox values ($1) on conflict do nothing", uuid4())
            await connection.execute(BARE_INSERT, *_one(event, done + 1))
        done += 1
        if done == count:
            enough.set()

    await broker.start()
    try:
        await enough.wait()
        return done / (time.perf_counter() - started)
    finally:
        await broker.stop()
        await pool.close()


def _one(event: MessageReceived, position: int) -> tuple[list[Any], ...]:
    return (
        [event.distributor_id],
        [event.conversation_id],
        [event.content],
        [event.message_type],
        ["[]"],
        [position],
        [event.integration_id],
        [event.external_message_id],
        ["{}"],
        [event.sent_at],
    )


async def message_store(settings: Settings, count: int) -> float:
    """Messages a second of the service itself: inbox, conversations, places, outbox, row level security, and its relay publishing beside it."""
    service = Service("message_store", settings, CONSUMES, [])
    counted = telemetry.CONSUMED.labels(TOPIC, "done")
    running = asyncio.create_task(service.run())
    started, already = 0.0, 0.0
    try:
        while (done := _value(counted)) < count:
            if done and not started:
                started, already = time.perf_counter(), done
            await asyncio.sleep(0.005)
        return (done - already) / (time.perf_counter() - started)
    finally:
        service.stopping.set()
        await running


def _value(counter: Any) -> float:
    return counter._value.get()
