"""The loop of calls: many under way, each recorded, none lost when claiming fails for a while."""

import asyncio
from collections.abc import Sequence

import pytest

from libs.in_flight import work_off
from libs.retry import Stopping


async def nothing_more(_: Sequence[int]) -> Sequence[int]:
    return ()


async def test_all_that_is_due_is_under_way_at_once_and_recorded() -> None:
    gate, recorded = asyncio.Barrier(20), list[tuple[int, int]]()

    async def act(number: int) -> int:
        await gate.wait()
        return number * 2

    async def record(done: Sequence[tuple[int, int]]) -> None:
        recorded.extend(done)

    assert await work_off(range(20), nothing_more, act, record) == 20
    assert sorted(recorded) == [(number, number * 2) for number in range(20)]


async def test_what_is_claimed_meanwhile_is_done_too_and_claims_know_what_is_under_way() -> None:
    queue, seen, recorded = [3, 2], list[tuple[int, ...]](), list[int]()
    free = asyncio.Event()

    async def claim(under_way: Sequence[int]) -> Sequence[int]:
        seen.append(tuple(under_way))
        if not queue:
            free.set()
        return [queue.pop()] if queue else ()

    async def act(number: int) -> None:
        if number == 1:
            await free.wait()

    async def record(done: Sequence[tuple[int, None]]) -> None:
        recorded.extend(number for number, _ in done)

    assert await work_off([1], claim, act, record) == 3
    assert sorted(recorded) == [1, 2, 3]
    assert seen[0] == (1,)


async def test_a_claim_that_fails_for_a_while_leaves_what_is_under_way_alone() -> None:
    failed, recorded = asyncio.Event(), list[int]()

    async def claim(_: Sequence[int]) -> Sequence[int]:
        if not failed.is_set():
            failed.set()
            raise ConnectionError
        return ()

    async def act(_: int) -> None:
        await failed.wait()

    async def record(done: Sequence[tuple[int, None]]) -> None:
        recorded.extend(number for number, _ in done)

    assert await work_off([1], claim, act, record) == 1
    assert recorded == [1]


async def test_an_error_that_is_not_passing_ends_the_job_and_cancels_the_rest() -> None:
    cancelled = asyncio.Event()

    async def act(number: int) -> None:
        if number == 1:
            raise LookupError
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async def record(done: Sequence[tuple[int, None]]) -> None:
        raise AssertionError(done)

    with pytest.raises(LookupError):
        await work_off([1, 2], nothing_more, act, record)
    assert cancelled.is_set()


async def test_stopping_ends_it_quietly() -> None:
    async def act(_: int) -> None:
        return

    async def record(_: Sequence[tuple[int, None]]) -> None:
        raise Stopping

    assert await work_off([1, 2], nothing_more, act, record) == 2
