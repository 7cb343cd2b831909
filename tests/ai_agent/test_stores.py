"""Statements that other tests do not try with the wrong tenant."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import asyncpg
import pytest

from libs import postgres
from libs.postgres import Pool
from schemas.ai_call_recorded import AgentType
from services.ai_agent import context_store, jobs_store, known_store, prompts_store, support_store, training_store
from services.ai_agent.__main__ import CONSUMES
from services.ai_agent.context_store import Summarized
from services.ai_agent.jobs_store import BEHIND_ALL_MESSAGES, Claimed, NewJob
from services.ai_agent.message import message_of
from tests.ai_agent.conftest import known, message, rows
from tests.consuming import consume

MINUTE = timedelta(minutes=1)


async def claim(pool: Pool, limit: int = 100, lease: timedelta = MINUTE) -> list[Claimed]:
    async with postgres.worker_transaction(pool) as worker:
        return await jobs_store.claim_due(worker, limit, lease)


async def test_jobs_are_claimed_one_a_conversation_in_order_and_tenants_take_turns(pool: Pool) -> None:
    busy, quiet, conversation = uuid4(), uuid4(), uuid4()
    for _ in range(10):
        await consume(pool, "ai_agent", CONSUMES, message(busy))
    await consume(pool, "ai_agent", CONSUMES, *(message(quiet, conversation=conversation, position=position) for position in (2, 1)))

    first = await claim(pool, 2)
    assert {job.distributor_id for job in first} == {busy, quiet}
    assert [job.message.thread_position for job in first if job.distributor_id == quiet] == [1]
    assert conversation not in {job.message.conversation_id for job in await claim(pool)}


async def test_a_claim_lasts_for_its_lease_and_the_same_job_comes_again_after_it(pool: Pool) -> None:
    tenant, conversation = uuid4(), uuid4()
    await consume(pool, "ai_agent", CONSUMES, *(message(tenant, conversation=conversation, position=position) for position in (1, 2)))
    [once] = await claim(pool, lease=-MINUTE)
    [again] = await claim(pool)
    assert (once.id, once.attempt, again.id, again.attempt) == (again.id, 1, once.id, 2)
    assert await claim(pool) == []
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        assert await jobs_store.delete_done(tx, [once]) == set()
        await jobs_store.update_to_retry(tx, [once], MINUTE)
        assert await jobs_store.delete_done(tx, [again]) == {again.id}
    assert [job.message.thread_position for job in await claim(pool)] == [2]


async def test_a_job_that_is_put_off_lets_others_go_first(pool: Pool) -> None:
    tenant, conversation = uuid4(), uuid4()
    await consume(pool, "ai_agent", CONSUMES, *(message(tenant, conversation=conversation, position=position) for position in (1, 2)))
    claimed = await claim(pool)
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await jobs_store.update_to_retry(tx, claimed, timedelta())
    assert [job.message.thread_position for job in await claim(pool)] == [2]
    assert sorted(row["turn"] for row in await rows(pool, tenant, "ai_jobs")) == [2, 1 + BEHIND_ALL_MESSAGES]


async def test_what_is_waited_for_goes_before_what_is_not(pool: Pool) -> None:
    tenant, conversation = uuid4(), uuid4()
    events = [message(tenant, conversation=conversation, position=position) for position in (1, 2)]
    jobs = [
        NewJob(message=message_of(events[0]), agent_type=AgentType.CONTEXT_MANAGER, event_id=uuid4(), correlation_id=uuid4()),
        NewJob(message=message_of(events[1]), agent_type=AgentType.MESSAGE_ANALYSIS, event_id=uuid4(), correlation_id=uuid4()),
    ]
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        for _ in range(2):
            await jobs_store.insert_jobs(tx, jobs)
    assert [job.agent_type for job in await claim(pool)] == [AgentType.MESSAGE_ANALYSIS]


async def test_two_jobs_of_a_conversation_can_never_run_at_once(pool: Pool) -> None:
    tenant, conversation = uuid4(), uuid4()
    await consume(pool, "ai_agent", CONSUMES, *(message(tenant, conversation=conversation, position=position) for position in (1, 2)))
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        with pytest.raises(asyncpg.UniqueViolationError):
            await tx.execute("update ai_jobs set state = 'RUNNING'")


async def test_many_claimers_share_the_queue(pool: Pool) -> None:
    tenant = uuid4()
    await consume(pool, "ai_agent", CONSUMES, *(message(tenant) for _ in range(40)))
    claimed = [job.id for batch in await asyncio.gather(*(claim(pool, 20) for _ in range(4))) for job in batch]
    assert len(claimed) == len(set(claimed))
    claimed += [job.id for job in await claim(pool)]
    assert len(set(claimed)) == 40


async def test_another_tenant_s_jobs_are_neither_written_nor_taken_away(pool: Pool) -> None:
    ours, theirs = uuid4(), uuid4()
    await consume(pool, "ai_agent", CONSUMES, message(theirs))
    [job] = await claim(pool)
    foreign = NewJob(message=message_of(message(theirs)), agent_type=AgentType.MESSAGE_ANALYSIS, event_id=uuid4(), correlation_id=uuid4())
    async with postgres.tenant_transaction(pool, [ours]) as tx:
        assert await jobs_store.delete_done(tx, [job]) == set()
        await jobs_store.update_to_retry(tx, [job], MINUTE)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with postgres.tenant_transaction(pool, [ours]) as tx:
            await jobs_store.insert_jobs(tx, [foreign])
    assert [row["state"] for row in await rows(pool, theirs, "ai_jobs")] == ["RUNNING"]


async def test_what_is_known_of_a_tenant_is_read_by_nobody_else(pool: Pool) -> None:
    ours, theirs = uuid4(), uuid4()
    conversation = uuid4()
    await known(pool, theirs, ("theirs", "1", "1"))
    await consume(pool, "ai_agent", CONSUMES, message(theirs, conversation=conversation))
    [job] = await claim(pool)
    async with postgres.tenant_transaction(pool, [theirs]) as tx:
        await prompts_store.insert_version(tx, theirs, "MESSAGE_ANALYSIS", "own", "Read.", {})
        await prompts_store.update_status(tx, theirs, "MESSAGE_ANALYSIS", "own", "ACTIVE")
        [example] = await training_store.insert_examples(
            tx, theirs, [{"input_text": "milk", "expected_output": {}, "data_source": "MANUAL_ENTRY", "message_id": uuid4()}]
        )
    today = datetime.now(UTC).date()
    async with postgres.tenant_transaction(pool, [ours]) as tx:
        assert await known_store.select_terms(tx, [theirs]) == {}
        assert set((await known_store.select_prices(tx, [theirs], today)).get(theirs, {})) == {"gpt-4.1", "gpt-4.1-mini"}
        assert await known_store.select_prompts(tx, [theirs], "ACTIVE") == {}
        assert await known_store.select_examples(tx, [theirs]) == {}
        assert await known_store.select_calibrations(tx, [theirs]) == {}
        assert not await known_store.update_answers_questions(tx, theirs, answers_questions=True)
        assert await context_store.select_contexts(tx, [theirs], [conversation]) == {}
        summary = Summarized(distributor_id=theirs, conversation_id=conversation, summary="…", reaches_to=9)
        assert await context_store.update_summaries(tx, [summary]) == set()
        assert await support_store.select_orders(tx, [job]) == {}
        assert await support_store.select_products(tx, [job]) == {}
        assert await training_store.select_examples(tx, theirs, UUID(int=0), 10) == []
        assert await training_store.update_example(tx, theirs, example.id, {"quality_score": 1}) is None
        await training_store.update_used(tx, theirs, [example.id], "batch")
        assert await prompts_store.update_status(tx, theirs, "MESSAGE_ANALYSIS", "own", "RETIRED") is None
        await prompts_store.update_retired(tx, theirs, "MESSAGE_ANALYSIS", "ACTIVE")
    async with postgres.tenant_transaction(pool, [theirs]) as tx:
        assert [each.used_in_training for each in await training_store.select_examples(tx, theirs, UUID(int=0), 10)] == [False]
        await training_store.update_used(tx, theirs, [example.id], "batch")
        assert await training_store.select_examples(tx, theirs, UUID(int=0), 10, unused_only=True) == []
        assert set(await known_store.select_prompts(tx, [theirs], "ACTIVE")) == {theirs}
        prices = (await known_store.select_prices(tx, [theirs], today))[theirs]
        assert prices["theirs"].input == Decimal(1)


async def test_a_price_holds_from_its_day_and_a_tenant_s_own_goes_first(pool: Pool) -> None:
    tenant = uuid4()
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        for day, price in ((date(2026, 7, 1), "5"), (date(2026, 8, 1), "6")):
            await prompts_store.upsert_price(tx, tenant, "gpt-4.1", day, Decimal(price), Decimal(1), Decimal(1), None)
        on = {day: (await known_store.select_prices(tx, [tenant], day))[tenant] for day in (date(2026, 6, 30), date(2026, 7, 2), date(2026, 9, 1))}
        early = await known_store.select_prices(tx, [tenant], date(2026, 1, 1))
    assert [prices["gpt-4.1"].input for prices in on.values()] == [2, 5, 6]
    assert early == {}
