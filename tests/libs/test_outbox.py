"""What is said is numbered without a gap, in the order of the commits, and only if the transaction commits."""

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest
from pydantic_core import from_json

from libs import outbox
from libs.cloud_events import LARGEST_EVENT_BYTES
from libs.postgres import Pool, tenant_transaction
from libs.refused import Refused
from tests.libs.notes import NoteTaken, note

WRITERS = 8
ROUNDS = 12


async def _enqueue(pool: Pool, *events: NoteTaken, fail: bool = False) -> None:
    async with tenant_transaction(pool, {event.distributor_id for event in events}) as tx:
        await outbox.enqueue(tx, *events)
        if fail:
            raise Refused("changed our mind")


async def _sequences(pool: Pool, tenant: UUID) -> list[int]:
    """The numbers of what waits, in the order of publication."""
    async with tenant_transaction(pool, [tenant]) as tx:
        return [row["sequence"] for row in await tx.fetch("select sequence from outbox order by position")]


async def test_concurrent_transactions_on_one_key_are_numbered_without_a_gap_in_the_order_of_their_commits(pool: Pool, tenant: UUID) -> None:
    conversation = uuid4()

    async def writer() -> None:
        for turn in range(ROUNDS):
            events = [note(NoteTaken, tenant, "x", conversation) for _ in range(1 + turn % 3)]
            try:
                await _enqueue(pool, *events, fail=turn % 4 == 3)
            except Refused:
                continue

    async def observer() -> None:
        while not writing.done():
            _is_gapless(await _sequences(pool, tenant))

    writing = asyncio.gather(*(writer() for _ in range(WRITERS)))
    await asyncio.gather(writing, observer())
    numbers = await _sequences(pool, tenant)
    _is_gapless(numbers)
    assert len(numbers) == WRITERS * sum(1 + turn % 3 for turn in range(ROUNDS) if turn % 4 != 3)


def _is_gapless(numbers: Sequence[int]) -> None:
    """At every moment a relay sees 1, 2, 3 …: what is not visible yet comes after all that is."""
    assert list(numbers) == list(range(1, len(numbers) + 1))


async def test_a_rolled_back_transaction_says_nothing_and_leaves_no_gap(pool: Pool, tenant: UUID) -> None:
    conversation = uuid4()
    await _enqueue(pool, note(NoteTaken, tenant, "1", conversation))
    with pytest.raises(Refused):
        await _enqueue(pool, note(NoteTaken, tenant, "never", conversation), fail=True)
    await _enqueue(pool, note(NoteTaken, tenant, "2", conversation))
    assert await _sequences(pool, tenant) == [1, 2]


async def test_topics_keys_and_tenants_are_numbered_apart_and_events_keep_the_order_of_the_call(pool: Pool) -> None:
    class OtherNote(NoteTaken):
        """A note on another topic."""

        topic = "note.taken_elsewhere"

    ours, theirs, here, there = (uuid4() for _ in range(4))
    events = [
        note(NoteTaken, ours, "a1", here),
        note(NoteTaken, ours, "b1", there),
        note(OtherNote, ours, "c1", here),
        note(NoteTaken, ours, "a2", here),
        note(NoteTaken, theirs, "d1", here),
        note(NoteTaken, ours, "b2", there),
    ]
    await _enqueue(pool, *events)
    async with tenant_transaction(pool, [ours, theirs]) as tx:
        rows = await tx.fetch("select payload ->> 'content' || '=' || sequence as said from outbox order by position")
    assert [row["said"] for row in rows] == ["a1=1", "b1=1", "c1=1", "a2=2", "d1=1", "b2=2"]


async def test_the_cause_of_an_event_is_kept_with_it(pool: Pool, tenant: UUID) -> None:
    cause = note(NoteTaken, tenant, "cause")
    await _enqueue(pool, note(NoteTaken, tenant, "effect").because_of(cause), note(NoteTaken, tenant, "out of the blue"))
    async with tenant_transaction(pool, [tenant]) as tx:
        effect, alone = [from_json(row["headers"]) for row in await tx.fetch("select headers from outbox order by position")]
    assert effect["ce_causationid"] == str(cause.envelope.id)
    assert effect["ce_correlationid"] == str(cause.envelope.correlation_id)
    assert set(alone) == {"ce_time"}


async def test_an_event_that_no_consumer_would_take_is_refused_before_it_blocks_the_outbox(pool: Pool, tenant: UUID) -> None:
    with pytest.raises(Refused, match="bytes"):
        await _enqueue(pool, note(NoteTaken, tenant, "x" * LARGEST_EVENT_BYTES))
    assert await _sequences(pool, tenant) == []


async def test_saying_nothing_costs_nothing(pool: Pool, tenant: UUID) -> None:
    async with tenant_transaction(pool, [tenant]) as tx:
        await outbox.enqueue(tx)
    assert await _sequences(pool, tenant) == []
