"""Webhooks of two providers come five times each, at once and in any order, while services start again: one message, one of each reply."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import aiohttp
import pytest

from deploy.local.broker import choose
from deploy.local.stack import Stack
from tests.faults import account
from tests.faults.customers import Customer
from tests.faults.opening import open_shop, sign_up, whatsapp
from tests.faults.texters import carriers, connect_twilio, replies_by

Deliver = Callable[[aiohttp.ClientSession, Customer, str, str], Awaitable[None]]

CUSTOMERS = 25
TEXTS = ("3 cs whole milk, that's all", "2 cs bacon too, that's all", "and 1 cs large eggs, that's all", "thanks")
"""In whatever order they come, the first three are each answered with a summary."""
DELIVERIES = 5
AT_ONCE = 40
QUIET_SECONDS = 5.0
RESTARTED = ("ingest", "message_store", "ai_agent", "order_session", "outbound")


@pytest.mark.faults
@pytest.mark.timeout(300)
@pytest.mark.skipif(choose().kind == "embedded", reason="the embedded broker keeps its data in memory: a restart loses it")
async def test_a_storm_of_duplicates_stores_and_answers_each_message_once(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "stack", say=lambda _: None)
    await asyncio.to_thread(stack.start)
    try:
        provider = await open_shop(stack)
        customers = await sign_up(stack, CUSTOMERS)
        twilio = await connect_twilio(stack)
        async with whatsapp(stack) as sending, carriers(stack) as texting:
            storm = asyncio.create_task(_storm({"wamid": provider.deliver_until_taken, "SM": twilio.deliver_until_taken}, customers))
            for name in RESTARTED:
                await asyncio.sleep(0.5)
                await asyncio.to_thread(stack.supervisor.kill, name, signal.SIGTERM)
            ids = await storm
            replies = await _until_nothing_comes_any_more(stack)
            by_text = Counter(replies_by(texting))
            assert Counter(sent.callback_data for sent in sending.sent) + by_text == replies
        assert await account.stored_messages(stack) == Counter(ids)
        assert await account.thread_gaps(stack) == 0
        assert CUSTOMERS <= len(by_text) <= len(replies) - CUSTOMERS, "the customers were answered, each where they wrote"
        assert set(replies.values()) == {1}
    finally:
        await asyncio.to_thread(stack.stop)


async def _storm(ways: Mapping[str, Deliver], customers: list[Customer]) -> list[str]:
    """Deliver every message of every customer, by each way, DELIVERIES times, shuffled. Returns the ids of the messages."""
    messages = [
        (way, customer, text, f"{prefix}.{place}.{turn}")
        for prefix, way in ways.items()
        for place, customer in enumerate(customers)
        for turn, text in enumerate(TEXTS)
    ]
    deliveries = messages * DELIVERIES
    random.Random(7).shuffle(deliveries)
    at_once = asyncio.Semaphore(AT_ONCE)
    timeout = aiohttp.ClientTimeout(total=10)

    async def deliver(session: aiohttp.ClientSession, way: Deliver, customer: Customer, text: str, external_id: str) -> None:
        async with at_once:
            await way(session, customer, text, external_id)

    async with aiohttp.ClientSession(timeout=timeout) as session, asyncio.TaskGroup() as tasks:
        for way, customer, text, external_id in deliveries:
            tasks.create_task(deliver(session, way, customer, text, external_id))
    return [external_id for _, _, _, external_id in messages]


async def _until_nothing_comes_any_more(stack: Stack) -> Counter[str]:
    """Return our replies when all are sent and no more were added for some seconds."""
    before = None
    while (replies := await account.replies(stack)) != before:
        before = replies
        await asyncio.sleep(QUIET_SECONDS)
        await account.wait_until_settled(stack, orders=0)
    return replies
