"""ingest on one core: signed WhatsApp webhooks a second, the latency at half of that, and whether each of them is there afterwards."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from itertools import count
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import psutil
from aiokafka import AIOKafkaConsumer

from deploy.commands import seed
from deploy.demo.stand_ins.customer_messages import text_message, webhook
from deploy.local.stack import Stack
from libs import postgres
from schemas.message_received import MessageReceived
from tests.bench import http_load, pipeline
from tests.bench.load import TEXT

CONNECTIONS = 64


async def ingest(stack: Stack, seconds: float) -> dict[str, Any]:
    """Measure ingest of a running `stack`, its process bound to one core."""
    urls = {name: stack.environment(name)["COMANDA_DATABASE_URL"] for name in ("accounts", "catalog_matcher", "ingest")}
    report = await seed.seed(urls)
    tenant = next(each.distributor_id for each in report.distributors if each.business_name == pipeline.DISTRIBUTOR)
    account = await pipeline.phone_number_id(urls["ingest"], tenant)
    _bind_to_one_core(stack)
    address = urlsplit(stack.url("ingest"))
    host, port = address.hostname or "", address.port or 0
    requests = _posts(f"{host}:{port}", account, stack.environment("ingest")["COMANDA_WHATSAPP_APP_SECRET"])
    before = await _stored(urls["ingest"], stack.bootstrap, tenant)
    warm = await http_load.as_fast_as_answered(host, port, requests, CONNECTIONS, 2)
    fast = await http_load.as_fast_as_answered(host, port, requests, CONNECTIONS, seconds)
    rate = fast.ok / fast.seconds
    half = await http_load.at_a_rate(host, port, requests, CONNECTIONS, rate / 2, seconds)
    after = await _stored(urls["ingest"], stack.bootstrap, tenant)
    return {
        "posts_per_s": round(rate),
        "at_half_of_that_ms": pipeline.percentiles(half.milliseconds),
        "posts": sum(len(each.milliseconds) for each in (warm, fast, half)),
        "accepted": sum(each.ok for each in (warm, fast, half)),
        "receipts": after[0] - before[0],
        "events": after[1] - before[1],
    }


def _posts(host: str, account: str, secret: str) -> Iterator[bytes]:
    """Yield signed calls without end, each with a message of its own."""
    run = uuid4().hex[:8]
    for number in count():
        body = json.dumps(webhook(text_message(account, f"+1555{number % 2000:07d}", TEXT, f"wamid.{run}.{number}"))).encode()
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        head = (
            f"POST /webhooks/whatsapp HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nX-Hub-Signature-256: sha256={signature}\r\n\r\n"
        )
        yield head.encode() + body


def _bind_to_one_core(stack: Stack) -> None:
    if pid := stack.supervisor.pid("ingest"):
        psutil.Process(pid).cpu_affinity([0])


async def _stored(url: str, bootstrap: str, tenant: UUID) -> tuple[int, int]:
    """Return how many receipts there are, and how many events wait in the outbox or are on the topic."""
    pool = await postgres.create_pool(url, "bench", 2)
    try:
        async with postgres.tenant_transaction(pool, [tenant]) as tx:
            receipts = await tx.fetchval("select count(*) from inbound_receipts")
            waiting = await tx.fetchval("select count(*) from outbox where type = $1", MessageReceived.topic)
    finally:
        await pool.close()
    return receipts, waiting + await _on_topic(bootstrap)


async def _on_topic(bootstrap: str) -> int:
    consumer = AIOKafkaConsumer(MessageReceived.topic, bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        return sum((await consumer.end_offsets(consumer.assignment())).values())
    finally:
        await consumer.stop()
