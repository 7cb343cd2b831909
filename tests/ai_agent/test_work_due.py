"""Messages are read by a real model server: in order, many conversations at once, nothing lost and nothing twice."""

import asyncio
from decimal import Decimal
from uuid import uuid4

import pytest

from libs import postgres
from libs.llm.client import ATTEMPTS
from libs.postgres import Pool
from schemas.ai_call_recorded import AiCallRecorded
from schemas.analysis import Intent
from schemas.message_analyzed import MessageAnalyzed
from services.ai_agent.__main__ import CONSUMES
from services.ai_agent.work_due import Worker
from tests.ai_agent.conftest import execute, known, message, rows, service_on, settings, until, work
from tests.consuming import consume, said
from tests.llm.model_server import MODEL, SMALL, Behaviour, ModelServer


@pytest.mark.parametrize("api", ["responses", "chat"])
async def test_a_message_is_read_kept_booked_and_passed_on(pool: Pool, model: ModelServer, api: str) -> None:
    tenant = uuid4()
    await known(pool, tenant, (MODEL, "2", "8"))
    event = message(tenant, "3 cases of milk and 2 lbs butter")
    await consume(pool, "ai_agent", CONSUMES, event)
    assert await said(pool, tenant, MessageAnalyzed) == []

    assert await work(pool, model.base_url, ai_api=api) == 1

    [analyzed] = await said(pool, tenant, MessageAnalyzed)
    assert (analyzed.message_id, analyzed.thread_position, analyzed.content, analyzed.model) == (event.message_id, 1, event.content, MODEL)
    [milk, butter] = analyzed.analysis.lines
    assert (milk.quantity, milk.unit, milk.product) == (3, "case", "milk")
    assert event.content[butter.text_start : butter.text_end] == "2 lbs butter"
    [response] = await rows(pool, tenant, "ai_responses")
    assert (response["model_used"], response["prompt_version"], response["status"], response["was_used"]) == (MODEL, "analysis-1", "SUCCEEDED", True)
    assert (response["input_tokens"], response["cached_tokens"], response["output_tokens"], response["tokens_used"]) == (100, 40, 20, 120)
    assert response["cost_usd"] == Decimal("0.000360")
    assert response["request_id"] == "req_1"
    [month] = await rows(pool, tenant, "ai_budget_months")
    assert (month["requests"], month["spent_usd"], month["in_flight"], month["reserved_usd"]) == (1, Decimal("0.000360"), 0, 0)
    [hour] = await rows(pool, tenant, "ai_usage_metrics")
    assert (hour["requests_count"], hour["successful_requests"], hour["failed_requests"], hour["tokens_used"]) == (1, 1, 0, 120)
    assert (hour["avg_confidence"], hour["peak_concurrent_requests"]) == (Decimal("0.900"), 1)
    [call] = await said(pool, tenant, AiCallRecorded)
    assert (call.call_id, call.cost_usd, call.succeeded) == (response["id"], response["cost_usd"], True)
    assert await rows(pool, tenant, "ai_jobs") == []
    assert await rows(pool, tenant, "ai_errors") == []


async def test_a_redelivered_message_is_read_once(pool: Pool, model: ModelServer) -> None:
    tenant = uuid4()
    event = message(tenant)
    await known(pool, tenant)
    await consume(pool, "ai_agent", CONSUMES, event)
    await consume(pool, "ai_agent", CONSUMES, event)
    await work(pool, model.base_url)
    await consume(pool, "ai_agent", CONSUMES, event)
    assert await work(pool, model.base_url) == 0
    assert len(await said(pool, tenant, MessageAnalyzed)) == len(model.asked) == 1


@pytest.mark.timeout(300)
async def test_two_hundred_conversations_are_under_way_at_once_and_each_keeps_its_order(pool: Pool, model: ModelServer) -> None:
    tenant, conversations = uuid4(), [uuid4() for _ in range(200)]
    model.behaviours[MODEL] = Behaviour(delay_seconds=1.0, until_at_once=200)
    await known(pool, tenant, (MODEL, "2", "8"), monthly_ai_budget_usd=Decimal(1_000))
    events = [message(tenant, f"{position} cases of milk", conversation=each, position=position) for position in (1, 2, 3) for each in conversations]
    await consume(pool, "ai_agent", CONSUMES, *reversed(events))

    assert await work(pool, model.base_url, ai_timeout_seconds=100) == 600

    assert model.most_at_once == 200
    told = await said(pool, tenant, MessageAnalyzed)
    assert len(told) == 600
    for each in conversations:
        assert [analyzed.thread_position for analyzed in told if analyzed.conversation_id == each] == [1, 2, 3]
    assert {analyzed.model for analyzed in told} == {MODEL}
    [month] = await rows(pool, tenant, "ai_budget_months")
    assert (month["requests"], month["in_flight"], month["reserved_usd"]) == (600, 0, 0)
    assert sum(hour["requests_count"] for hour in await rows(pool, tenant, "ai_usage_metrics")) == 600


async def test_two_processes_never_have_two_calls_of_a_conversation_under_way(pool: Pool, model: ModelServer) -> None:
    tenant, conversations = uuid4(), [uuid4() for _ in range(5)]
    model.behaviours[MODEL] = Behaviour(delay_seconds=0.05)
    await known(pool, tenant)
    events = [
        message(tenant, f"{position} cases of milk", conversation=each, position=position) for position in range(1, 5) for each in conversations
    ]
    await consume(pool, "ai_agent", CONSUMES, *events)

    counts = await asyncio.gather(*(work(pool, model.base_url) for _ in range(3)))

    assert sum(counts) == 20
    assert model.most_at_once <= 5
    told = await said(pool, tenant, MessageAnalyzed)
    for each in conversations:
        assert [analyzed.thread_position for analyzed in told if analyzed.conversation_id == each] == [1, 2, 3, 4]


FAILURES = [
    (Behaviour(status=429, retry_after="0"), "RATE_LIMIT"),
    (Behaviour(status=500, retry_after="0"), "UNAVAILABLE"),
    (Behaviour(hangs=True), "TIMEOUT"),
    (Behaviour(delay_seconds=3), "TIMEOUT"),
    (Behaviour(body="{broken"), "SCHEMA"),
    (Behaviour(text="{broken"), "SCHEMA"),
    (Behaviour(refuses=True), "REFUSAL"),
    (Behaviour(incomplete=True), "INCOMPLETE"),
    (Behaviour(cuts=True), "UNAVAILABLE"),
]


@pytest.mark.parametrize(("behaviour", "error_type"), FAILURES, ids=[f"{error_type}-{number}" for number, (_, error_type) in enumerate(FAILURES)])
async def test_a_failure_is_kept_and_the_next_rung_answers(pool: Pool, model: ModelServer, behaviour: Behaviour, error_type: str) -> None:
    tenant = uuid4()
    model.behaviours[MODEL] = behaviour
    await known(pool, tenant, (MODEL, "2", "8"), (SMALL, "1", "4"))
    await consume(pool, "ai_agent", CONSUMES, message(tenant))

    await work(pool, model.base_url, ai_timeout_seconds=1)

    [analyzed] = await said(pool, tenant, MessageAnalyzed)
    assert (analyzed.model, analyzed.analysis.intent) == (SMALL, Intent.ORDER)
    [error] = await rows(pool, tenant, "ai_errors")
    assert (error["error_type"], error["model"], error["message_id"]) == (error_type, MODEL, analyzed.message_id)
    assert "milk" not in error["detail"]
    failed = next(row for row in await rows(pool, tenant, "ai_responses") if row["id"] == error["ai_response_id"])
    assert (failed["status"], failed["was_used"], failed["extracted_data"]) == ("FAILED", False, {})
    assert [row["in_flight"] for row in await rows(pool, tenant, "ai_budget_months")] == [0]


@pytest.mark.parametrize("behaviour", [Behaviour(status=503, retry_after="0"), Behaviour(hangs=True)])
async def test_with_every_model_away_the_local_analyzer_answers(pool: Pool, model: ModelServer, behaviour: Behaviour) -> None:
    tenant = uuid4()
    model.behaviours = {MODEL: behaviour, SMALL: behaviour}
    await known(pool, tenant)
    await consume(pool, "ai_agent", CONSUMES, message(tenant))

    await work(pool, model.base_url, ai_timeout_seconds=1)

    [analyzed] = await said(pool, tenant, MessageAnalyzed)
    assert (analyzed.model, analyzed.analysis.lines[0].quantity) == ("local", 3)
    assert {error["model"] for error in await rows(pool, tenant, "ai_errors")} == {MODEL, SMALL}
    assert [row["model_used"] for row in await rows(pool, tenant, "ai_responses") if row["was_used"]] == ["local"]


async def test_without_the_local_analyzer_it_is_left_to_a_person(pool: Pool) -> None:
    tenant = uuid4()
    await known(pool, tenant)
    await consume(pool, "ai_agent", CONSUMES, message(tenant))
    await work(pool, "http://127.0.0.1:1/v1", ai_local_analyzer=False)
    [analyzed] = await said(pool, tenant, MessageAnalyzed)
    assert (analyzed.model, analyzed.analysis.confidence, analyzed.analysis.lines) == ("person", 0, ())


async def test_a_server_that_keeps_failing_is_left_alone(pool: Pool, model: ModelServer) -> None:
    tenant = uuid4()
    model.behaviours = {MODEL: Behaviour(status=503, retry_after="0")}
    await known(pool, tenant)
    worker, service = Worker(settings(model.base_url)), service_on(pool, model.base_url)
    for _ in range(8):
        await consume(pool, "ai_agent", CONSUMES, message(tenant))
        await worker.work_due(service)

    assert [asked.model for asked in model.asked].count(MODEL) == 5 * ATTEMPTS
    assert [analyzed.model for analyzed in await said(pool, tenant, MessageAnalyzed)] == [SMALL] * 8
    assert [error["detail"] for error in await rows(pool, tenant, "ai_errors")][-1] == "left alone for a while after failures"


async def test_a_model_that_one_distributor_wants_in_vain_is_no_harm_to_others(pool: Pool, model: ModelServer) -> None:
    tenant, other = uuid4(), uuid4()
    model.behaviours = {"theirs": Behaviour(status=503, retry_after="0")}
    await known(pool, tenant, ("theirs", "1", "1"), ai_model_preference="theirs")
    await known(pool, other)
    worker, service = Worker(settings(model.base_url)), service_on(pool, model.base_url)
    for _ in range(6):
        await consume(pool, "ai_agent", CONSUMES, message(tenant))
        await worker.work_due(service)
    await consume(pool, "ai_agent", CONSUMES, message(other))
    await worker.work_due(service)
    assert [analyzed.model for analyzed in await said(pool, other, MessageAnalyzed)] == [MODEL]


@pytest.mark.parametrize("terms", [{"ai_enabled": False}, {"status": "INACTIVE"}])
async def test_no_model_is_asked_where_the_distributor_does_not_want_it(pool: Pool, model: ModelServer, terms: dict[str, object]) -> None:
    tenant = uuid4()
    await known(pool, tenant, **terms)
    await consume(pool, "ai_agent", CONSUMES, message(tenant), message(uuid4()))
    assert await work(pool, model.base_url) == 2
    assert model.asked == []
    assert [analyzed.model for analyzed in await said(pool, tenant, MessageAnalyzed)] == ["local"]


async def test_the_distributor_s_own_model_is_asked_where_its_price_is_known(pool: Pool, model: ModelServer) -> None:
    tenant, other = uuid4(), uuid4()
    await known(pool, tenant, ("theirs", "1", "1"), ai_model_preference="theirs")
    await known(pool, other, ai_model_preference="unheard-of")
    await consume(pool, "ai_agent", CONSUMES, message(tenant), message(other))
    await work(pool, model.base_url)
    assert [analyzed.model for analyzed in await said(pool, tenant, MessageAnalyzed)] == ["theirs"]
    assert [analyzed.model for analyzed in await said(pool, other, MessageAnalyzed)] == [MODEL]


async def test_a_killed_process_loses_nothing_and_its_call_is_made_once_more_at_most(pool: Pool, model: ModelServer) -> None:
    tenant = uuid4()
    model.behaviours[MODEL] = Behaviour(hangs=True, times=2)
    await known(pool, tenant, (MODEL, "2", "8"))
    await consume(pool, "ai_agent", CONSUMES, message(tenant))
    for killed in (1, 2):
        process = asyncio.create_task(work(pool, model.base_url, ai_timeout_seconds=60))
        await until(lambda calls=killed: _asked(model, calls))
        process.cancel()
        await asyncio.gather(process, return_exceptions=True)
        assert await work(pool, model.base_url) == 0, "it is still its own until its lease is over"
        await execute(pool, tenant, "update ai_jobs set locked_until = now()")

    assert await work(pool, model.base_url) == 1

    [analyzed] = await said(pool, tenant, MessageAnalyzed)
    assert (analyzed.model, len(model.asked)) == ("local", 2)
    assert len(await rows(pool, tenant, "ai_budget_reservations")) == 2, "what the killed calls may have cost stays set aside"


async def test_a_process_that_comes_back_too_late_changes_nothing_but_its_cost(pool: Pool, model: ModelServer) -> None:
    tenant = uuid4()
    model.behaviours[MODEL] = Behaviour(delay_seconds=1, times=1)
    await known(pool, tenant, (MODEL, "2", "8"))
    await consume(pool, "ai_agent", CONSUMES, message(tenant))
    slow = asyncio.create_task(work(pool, model.base_url))
    await until(lambda: _asked(model, 1))
    await execute(pool, tenant, "update ai_jobs set locked_until = now()")
    await asyncio.gather(work(pool, model.base_url), slow)

    assert len(await said(pool, tenant, MessageAnalyzed)) == 1
    assert len(await rows(pool, tenant, "ai_responses")) == 1
    [month] = await rows(pool, tenant, "ai_budget_months")
    assert (month["requests"], month["in_flight"], month["spent_usd"]) == (2, 0, Decimal("0.000720"))


async def test_the_worker_sees_the_queue_of_all_and_nothing_else(pool: Pool) -> None:
    tenant = uuid4()
    await consume(pool, "ai_agent", CONSUMES, message(tenant))
    async with postgres.worker_transaction(pool) as worker:
        assert await worker.fetchval("select count(*) from ai_jobs") == 1
        assert await worker.fetchval("select has_table_privilege('comanda_worker', 'ai_responses', 'select')") is False
    assert (await rows(pool, uuid4(), "ai_jobs")) == []


async def _asked(model: ModelServer, times: int) -> bool:
    return len(model.asked) >= times
