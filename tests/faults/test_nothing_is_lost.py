"""Under a steady load every service is killed, PostgreSQL and the broker are restarted, and a process stands still past its session timeout."""

import asyncio
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from deploy.local.broker import choose
from deploy.local.stack import Stack
from tests.faults import account
from tests.faults.customers import ORDERED, Provider
from tests.faults.opening import open_shop, sign_up, whatsapp

CUSTOMERS = 60
EACH_SECOND = 1.0
LEAST_RATE = 50.0
BETWEEN_FAULTS_SECONDS = 3.0
PAUSED_SECONDS = 14.0
"""Longer than the session timeout of 10 s, so the group goes on without the process."""


@pytest.mark.faults
@pytest.mark.timeout(600)
@pytest.mark.skipif(choose().kind == "embedded", reason="the embedded broker keeps its data in memory: a restart loses it")
async def test_every_message_is_accounted_for(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "stack", say=lambda _: None)
    await asyncio.to_thread(stack.start)
    try:
        provider = await open_shop(stack)
        customers = await sign_up(stack, CUSTOMERS)
        async with whatsapp(stack):
            delivering = asyncio.create_task(provider.deliver(customers, EACH_SECOND))
            await _do_harm(stack)
            provider.enough.set()
            sent = await delivering
            await account.wait_until_settled(stack, sum(sent.dialogues.values()))
        assert sent.deliveries > len(sent.wamids), "no delivery ever failed, so nothing was tried"
        assert sent.rate >= LEAST_RATE * 0.8, f"the load was {sent.rate:.0f} messages a second"
        await _account_for(stack, provider)
    finally:
        await asyncio.to_thread(stack.stop)


async def _do_harm(stack: Stack) -> None:
    """Everything that may happen at night, one after the other, each followed by some seconds in which work goes on."""

    def kill(name: str) -> Callable[[], Awaitable[None]]:
        return lambda: asyncio.to_thread(stack.supervisor.kill, name, signal.SIGKILL)

    harm = [kill(name) for name in stack.names]
    harm += [
        lambda: asyncio.to_thread(stack.restart_postgres, "immediate"),
        lambda: asyncio.to_thread(stack.restart_broker),
        lambda: _stand_still(stack, "order_session"),
        lambda: _stand_still(stack, "message_store"),
    ]
    for each in harm:
        await asyncio.sleep(BETWEEN_FAULTS_SECONDS)
        await each()
    await asyncio.sleep(BETWEEN_FAULTS_SECONDS)


async def _stand_still(stack: Stack, name: str) -> None:
    stack.supervisor.pause(name)
    await asyncio.sleep(PAUSED_SECONDS)
    stack.supervisor.resume(name)


async def _account_for(stack: Stack, provider: Provider) -> None:
    sent = provider.sent
    assert await account.stored_messages(stack) == Counter(sent.wamids), "each message is stored exactly once"
    assert await account.thread_gaps(stack) == 0
    orders = await account.booked_orders(stack)
    assert Counter(order.conversation_id for order in orders) == Counter(sent.dialogues), "each dialogue became exactly one order"
    assert [order.number for order in orders] == list(range(1, len(orders) + 1))
    assert {order.status for order in orders} == {"CONFIRMED"}
    assert all(order.lines == ORDERED for order in orders)
    sequences, confirmed, dead_letters = await account.read_public_topics(stack)
    assert dead_letters == 0
    assert sorted(event["order_number"] for event in confirmed) == list(range(1, len(orders) + 1)), "each order is on order.confirmed as one event"
    enqueued = await account.enqueued_sequences(stack)
    assert {stream: set(range(1, last + 1)) for stream, last in enqueued.items()} == sequences, "every event is on its topic, without a gap"
