"""The whole pipeline under a steady rate: signed webhooks in, `order_session.changed` and `order.confirmed` out, with how long each took."""

import asyncio
import json
import statistics
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import aiohttp
import psutil
from aiokafka import AIOKafkaConsumer

from deploy.commands import seed
from deploy.demo.command import wait_until_known
from deploy.demo.stand_ins.customer_messages import signed_post, text_message, webhook
from deploy.demo.stand_ins.provider import Provider
from deploy.local.environment import PROVIDER
from deploy.local.stack import Stack
from libs import postgres
from schemas.contact import Channel
from services.accounts import registry
from services.accounts.customer import NewContact, NewCustomer

DISTRIBUTOR = "Harbor Foods"
CUSTOMERS = 400
DIALOGUE = ("hi, pls send 3 cs whole milk and 2 cs bacon", "actually make that 5", "that's all", "yes")
MOST_WAITING = 400
GRACE_SECONDS = 10.0


@dataclass(slots=True)
class Measured:
    """One rate: messages a second wanted and got, milliseconds from the webhook to the session's event and to the confirmed order."""

    rate: float
    sent: int = 0
    refused: int = 0
    took: float = 0.0
    session_ms: list[float] = field(default_factory=list[float])
    order_ms: list[float] = field(default_factory=list[float])

    @property
    def throughput(self) -> float:
        """Messages a second that went all the way."""
        return len(self.session_ms) / self.took

    @property
    def sustained(self) -> bool:
        """Whether everything came out, at the rate at which it went in, without a growing delay."""
        return self.refused == 0 and len(self.session_ms) == self.sent and self.throughput >= 0.95 * self.rate

    def as_json(self) -> dict[str, Any]:
        """The figures, rounded."""
        return {
            "rate": self.rate,
            "messages": self.sent,
            "throughput": round(self.throughput, 1),
            "sustained": self.sustained,
            "message_to_session_ms": percentiles(self.session_ms),
            "yes_to_confirmed_order_ms": percentiles(self.order_ms),
        }


def percentiles(milliseconds: Sequence[float]) -> dict[str, float]:
    """Return p50 and p99."""
    if len(milliseconds) < 2:
        return {}
    cuts = statistics.quantiles(milliseconds, n=100)
    return {"p50": round(cuts[49], 1), "p99": round(cuts[98], 1)}


class Watch:
    """Reads the topics and notes when what came out, in seconds since 1970."""

    def __init__(self) -> None:
        self.wamid_of: dict[str, str] = {}
        self.session_at: dict[str, float] = {}
        self.confirmed_by: dict[str, str] = {}
        self.order_at: dict[str, float] = {}

    def forget(self) -> None:
        """Begin anew."""
        for noted in (self.wamid_of, self.session_at, self.confirmed_by, self.order_at):
            noted.clear()

    async def run(self, bootstrap: str, ready: asyncio.Event) -> None:
        """Note until cancelled."""
        topics = ("message.created", "order_session.changed", "order.confirmed")
        consumer = AIOKafkaConsumer(*topics, bootstrap_servers=bootstrap, group_id=f"bench-{uuid4()}", auto_offset_reset="earliest")
        await consumer.start()
        ready.set()
        try:
            async for record in consumer:
                self._note(record.topic, json.loads(record.value or b"{}"), time.time())
        finally:
            await consumer.stop()

    def _note(self, topic: str, event: Mapping[str, Any], now: float) -> None:
        if topic == "message.created":
            if event["is_from_customer"]:
                self.wamid_of[event["message_id"]] = event["external_message_id"]
        elif topic == "order_session.changed":
            self.session_at[event["message_id"]] = now
            if event["outcome"] == "CONFIRMED":
                self.confirmed_by[event["order_session_id"]] = event["message_id"]
        else:
            self.order_at[event["order_session_id"]] = now

    def session_ms(self, posted: Mapping[str, float]) -> list[float]:
        """From the webhook to what it changed, for each message of `posted` (wamid to time)."""
        at = {self.wamid_of[message]: at for message, at in self.session_at.items() if message in self.wamid_of}
        return [(at[wamid] - since) * 1000 for wamid, since in posted.items() if wamid in at]

    def order_ms(self, posted: Mapping[str, float]) -> list[float]:
        """From the customer's yes to the confirmed order."""
        yes = {session: self.wamid_of.get(message, "") for session, message in self.confirmed_by.items()}
        return [(at - posted[yes[session]]) * 1000 for session, at in self.order_at.items() if yes.get(session) in posted]


async def measure(stack: Stack, watch: Watch, numbers: Sequence[tuple[str, str]], rate: float, seconds: float) -> Measured:
    """Send `rate` messages a second for `seconds`; `numbers` are pairs of our phone_number_id and a customer's number, each a dialogue of its own."""
    watch.forget()
    measured, posted = Measured(rate), dict[str, float]()
    url, secret, run = stack.url("ingest") + "/webhooks/whatsapp", stack.environment("ingest")["COMANDA_WHATSAPP_APP_SECRET"], uuid4().hex[:8]
    turns = {number: asyncio.Lock() for number in numbers}
    waiting = asyncio.Semaphore(MOST_WAITING)

    async def post(session: aiohttp.ClientSession, place: int) -> None:
        number = numbers[place % len(numbers)]
        text = DIALOGUE[place // len(numbers) % len(DIALOGUE)]
        wamid = f"wamid.{run}.{place}"
        async with turns[number]:
            posted[wamid] = time.time()
            status = await signed_post(session, url, secret, webhook(text_message(number[0], number[1], text, wamid)))
        measured.refused += status != HTTPStatus.OK
        waiting.release()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=100)) as session, asyncio.TaskGroup() as tasks:
        begun = time.perf_counter()
        count = int(rate * seconds) // len(DIALOGUE) * len(DIALOGUE)
        for place in range(count):
            await asyncio.sleep(max(0.0, begun + place / rate - time.perf_counter()))
            await waiting.acquire()
            tasks.create_task(post(session, place))
    measured.sent = count
    deadline = time.perf_counter() + GRACE_SECONDS
    while len(watch.session_at) < count and time.perf_counter() < deadline:  # noqa: ASYNC110 - the other side is another process
        await asyncio.sleep(0.01)
    measured.took = time.perf_counter() - begun
    measured.session_ms, measured.order_ms = watch.session_ms(posted), watch.order_ms(posted)
    return measured


async def run(stack: Stack, rates: Sequence[float], seconds: float) -> tuple[list[Measured], dict[str, float]]:
    """Measure each of `rates` on a running stack; returns the figures and the resident memory of each service in MB."""
    urls = {name: stack.environment(name)["COMANDA_DATABASE_URL"] for name in stack.names}
    report = await seed.seed(urls)
    tenant = next(each.distributor_id for each in report.distributors if each.business_name == DISTRIBUTOR)
    numbers = await _add_customers(urls["accounts"], tenant)
    await wait_until_known(urls, {tenant: len(numbers)})
    account = await phone_number_id(urls["ingest"], tenant)
    pairs = [(account, number) for number in numbers]
    watch, ready = Watch(), asyncio.Event()
    async with AsyncExitStack() as running:
        port = urlsplit(stack.url(PROVIDER)).port or 0
        await running.enter_async_context(Provider(stack.environment("outbound")["COMANDA_WHATSAPP_ACCESS_TOKEN"], port))
        watching = asyncio.create_task(watch.run(stack.bootstrap, ready))
        running.callback(watching.cancel)
        await ready.wait()
        await measure(stack, watch, pairs[:40], 20, 4)
        measured = [await measure(stack, watch, _as_many_as_finish(pairs, rate, seconds), rate, seconds) for rate in rates]
    return measured, memory(stack)


def _as_many_as_finish(pairs: Sequence[tuple[str, str]], rate: float, seconds: float) -> Sequence[tuple[str, str]]:
    """As many customers as can each finish a dialogue in that time."""
    return pairs[: max(1, min(len(pairs), int(rate * seconds) // len(DIALOGUE)))]


def memory(stack: Stack) -> dict[str, float]:
    """Return the resident memory of each service, in MB."""
    pids = {name: stack.supervisor.pid(name) for name in stack.names}
    return {name: round(_tree_rss(pid) / 1e6, 1) for name, pid in pids.items() if pid}


def _tree_rss(pid: int) -> int:
    process = psutil.Process(pid)
    return sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))


async def _add_customers(url: str, tenant: UUID) -> list[str]:
    numbers = [f"+1555{7000000 + place}" for place in range(CUSTOMERS)]
    customers = [
        NewCustomer(
            id=uuid4(),
            business_name=f"Bench {place}",
            customer_code=f"BENCH{place:04d}",
            contacts=(NewContact(channel=Channel.WHATSAPP, address=number),),
        )
        for place, number in enumerate(numbers)
    ]
    pool = await postgres.create_pool(url, "bench", 2)
    try:
        async with postgres.tenant_transaction(pool, [tenant]) as tx:
            await registry.save_customers(tx, tenant, customers)
    finally:
        await pool.close()
    return numbers


async def phone_number_id(url: str, tenant: UUID) -> str:
    """Return the account by which Meta knows the tenant's number."""
    pool = await postgres.create_pool(url, "bench", 2)
    try:
        async with postgres.tenant_transaction(pool, [tenant]) as tx:
            return await tx.fetchval("select external_account_id from external_integrations where distributor_id = $1", tenant)
    finally:
        await pool.close()


def open_stack(folder: Path) -> Stack:
    """Return a stack of its own, not started."""
    return Stack(folder, say=lambda _: None)
