"""Every webhook comes five times, at the same time and in any order, while services start again: one message each, and one of each reply."""

import asyncio
import random
import signal
from collections import Counter
from pathlib import Path

import aiohttp
import pytest

from deploy.local.broker import choose
from deploy.local.stack import Stack
from tests.faults import account
from tests.faults.customers import Customer, Provider
from tests.faults.opening import open_shop, sign_up, whatsapp

CUSTOMERS = 50
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
        async with whatsapp(stack) as sending:
            storm = asyncio.create_task(_storm(provider, customers))
            for name in RESTARTED:
                await asyncio.sleep(0.5)
                await asyncio.to_thread(stack.supervisor.kill, name, signal.SIGTERM)
            wamids = await storm
            replies = await _until_nothing_comes_any_more(stack)
            assert Counter(sent.callback_data for sent in sending.sent) == replies
        assert await account.stored_messages(stack) == Counter(wamids)
        assert await account.thread_gaps(stack) == 0
        assert len(replies) >= CUSTOMERS, "the customers were answered"
        assert set(replies.values()) == {1}
    finally:
        await asyncio.to_thread(stack.stop)


async def _storm(provider: Provider, customers: list[Customer]) -> list[str]:
    """Deliver every message of every customer DELIVERIES times, shuffled. Returns the ids of the messages."""
    messages = [(customer, text, f"wamid.{place}.{turn}") for place, customer in enumerate(customers) for turn, text in enumerate(TEXTS)]
    deliveries = messages * DELIVERIES
    random.Random(7).shuffle(deliveries)
    at_once = asyncio.Semaphore(AT_ONCE)
    timeout = aiohttp.ClientTimeout(total=10)

    async def deliver(session: aiohttp.ClientSession, customer: Customer, text: str, wamid: str) -> None:
        async with at_once:
            await provider.deliver_until_taken(session, customer, text, wamid)

    async with aiohttp.ClientSession(timeout=timeout) as session, asyncio.TaskGroup() as tasks:
        for customer, text, wamid in deliveries:
            tasks.create_task(deliver(session, customer, text, wamid))
    return [wamid for _, _, wamid in messages]


async def _until_nothing_comes_any_more(stack: Stack) -> Counter[str]:
    """Return our replies when all are sent and no more were added for some seconds."""
    before = None
    while (replies := await account.replies(stack)) != before:
        before = replies
        await asyncio.sleep(QUIET_SECONDS)
        await account.wait_until_settled(stack, orders=0)
    return replies
