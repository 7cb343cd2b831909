"""The queue is sent to a real provider: in order, one at a time, and again after every kind of failure."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY
from pydantic_core import from_json

from deploy.demo.stand_ins.provider import Behaviour, Provider
from libs import postgres
from libs.postgres import Pool
from libs.service import Service
from schemas.contact import Channel
from schemas.message import MessageStatus
from schemas.message_status_changed import MessageStatusChanged
from services.outbound import send_due as job
from services.outbound import sessions, store
from services.outbound.__main__ import CONSUMES
from services.outbound.send_due import send_due
from tests.consuming import consume, said
from tests.outbound.conftest import make_due, message, rows, service_on, until


async def test_a_message_is_sent_and_said_to_be(pool: Pool, provider: Provider) -> None:
    tenant = uuid4()
    event = message(tenant, text="2 cases of milk, tomorrow.")
    await consume(pool, "outbound", CONSUMES, event)

    assert await send_due(service_on(pool, provider.url)) == 1

    [sent] = provider.sent
    assert (sent.phone_number_id, sent.to, sent.text, sent.callback_data) == (
        "1055",
        "+15550001",
        "2 cases of milk, tomorrow.",
        str(event.message_id),
    )
    [changed] = await said(pool, tenant, of=MessageStatusChanged)
    assert (changed.message_id, changed.conversation_id, changed.status) == (event.message_id, event.conversation_id, MessageStatus.SENT)
    assert changed.external_message_id == sent.wamid
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        headers = from_json(await tx.fetchval("select headers from outbox"))
    assert headers["ce_correlationid"] == str(event.envelope.correlation_id)
    assert await send_due(service_on(pool, provider.url)) == 0


async def test_a_conversation_is_sent_in_order_one_at_a_time_while_others_go_on(pool: Pool, provider: Provider) -> None:
    tenant, conversations = uuid4(), [uuid4() for _ in range(5)]
    provider.behaviour = Behaviour(delay_seconds=0.03)
    events = [
        message(tenant, conversation_id=conversation, position=position, text=f"{number}/{position}", to=f"+1555000{number}")
        for position in range(1, 5)
        for number, conversation in enumerate(conversations)
    ]
    await consume(pool, "outbound", CONSUMES, *reversed(events))

    counts = await asyncio.gather(*(send_due(service_on(pool, provider.url)) for _ in range(3)))

    assert sum(counts) == len(provider.sent) == 20
    for number in range(5):
        assert [sent.text for sent in provider.sent if sent.to == f"+1555000{number}"] == [f"{number}/{position}" for position in range(1, 5)]
    assert provider.most_at_once_of_one_number == 1
    assert provider.at_once > 1


async def test_a_later_message_waits_for_an_earlier_one_that_is_to_be_retried(pool: Pool, provider: Provider) -> None:
    tenant, conversation = uuid4(), uuid4()
    provider.behaviour = Behaviour(status=503, times=1)
    await consume(
        pool, "outbound", CONSUMES, *(message(tenant, conversation_id=conversation, position=position, text=str(position)) for position in (1, 2))
    )
    service = service_on(pool, provider.url)

    assert await send_due(service) == 1
    assert not provider.sent
    await make_due(pool, tenant)
    assert await send_due(service) == 2

    assert [sent.text for sent in provider.sent] == ["1", "2"]


@pytest.mark.parametrize(("status", "code"), [(500, 131000), (503, 2), (429, 80007), (400, 130429)])
async def test_what_may_pass_is_tried_again_and_nothing_said_yet(pool: Pool, provider: Provider, status: int, code: int) -> None:
    tenant = uuid4()
    provider.behaviour = Behaviour(status=status, error_code=code, retry_after=120)
    await consume(pool, "outbound", CONSUMES, message(tenant))

    await send_due(service_on(pool, provider.url))

    [row] = await rows(pool, tenant)
    assert (row["state"], row["attempt"], row["error_code"]) == ("PENDING", 1, str(code))
    assert timedelta(seconds=110) < row["run_after"] - row["updated_at"] <= timedelta(seconds=120)
    assert not await said(pool, tenant)


async def test_it_fails_after_the_sixth_attempt_with_the_provider_s_code(pool: Pool, provider: Provider) -> None:
    tenant = uuid4()
    provider.behaviour = Behaviour(status=500, error_code=131016)
    await consume(pool, "outbound", CONSUMES, message(tenant))

    for _ in range(8):
        await send_due(service_on(pool, provider.url))
        await make_due(pool, tenant)

    [row] = await rows(pool, tenant)
    assert (row["state"], row["attempt"], row["error_code"]) == ("FAILED", 6, "131016")
    [changed] = await said(pool, tenant, of=MessageStatusChanged)
    assert (changed.status, changed.error_code, changed.external_message_id) == (MessageStatus.FAILED, "131016", None)


async def test_a_rejected_message_fails_at_once_and_lets_the_next_one_go(pool: Pool, provider: Provider) -> None:
    tenant, conversation = uuid4(), uuid4()
    provider.behaviour = Behaviour(status=400, error_code=131047, times=1)
    await consume(pool, "outbound", CONSUMES, *(message(tenant, conversation_id=conversation, position=position) for position in (1, 2)))

    await send_due(service_on(pool, provider.url))

    assert [changed.status for changed in await said(pool, tenant)] == [MessageStatus.FAILED, MessageStatus.SENT]
    assert [(row["state"], row["error_code"]) for row in await rows(pool, tenant)] == [("FAILED", "131047"), ("SENT", None)]


@pytest.mark.parametrize(
    ("unsendable", "code"),
    [({"channel": Channel.SMS}, "CHANNEL_NOT_SUPPORTED"), ({"account": None}, "NO_ADDRESS"), ({"text": ""}, "100")],
)
async def test_what_cannot_be_sent_is_said_to_have_failed(pool: Pool, provider: Provider, unsendable: dict[str, Any], code: str) -> None:
    tenant = uuid4()
    await consume(pool, "outbound", CONSUMES, message(tenant, **unsendable))
    await send_due(service_on(pool, provider.url))
    [changed] = await said(pool, tenant, of=MessageStatusChanged)
    assert (changed.status, changed.error_code) == (MessageStatus.FAILED, code)


async def test_a_provider_that_does_not_answer_in_time_is_tried_again(pool: Pool, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = uuid4()
    monkeypatch.setattr(sessions, "CALL_TIMEOUT_SECONDS", 0.1)
    provider.behaviour = Behaviour(delay_seconds=0.5, times=1)
    await consume(pool, "outbound", CONSUMES, message(tenant))

    await send_due(service_on(pool, provider.url))

    [row] = await rows(pool, tenant)
    assert (row["state"], row["error_code"]) == ("PENDING", "TIMEOUT")


async def test_a_provider_that_is_away_is_tried_again(pool: Pool) -> None:
    tenant = uuid4()
    await consume(pool, "outbound", CONSUMES, message(tenant))
    await send_due(service_on(pool, "http://127.0.0.1:1"))
    [row] = await rows(pool, tenant)
    assert (row["state"], row["error_code"]) == ("PENDING", "UNREACHABLE")


async def test_a_process_that_dies_in_a_call_leaves_it_to_be_repeated_when_its_lease_ends(
    pool: Pool, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = uuid4()
    monkeypatch.setattr(job, "LEASE", timedelta(seconds=1))
    provider.behaviour = Behaviour(delay_seconds=5, times=1)
    await consume(pool, "outbound", CONSUMES, message(tenant))
    dying = asyncio.create_task(send_due(service_on(pool, provider.url)))
    await until(lambda: _of(provider.at_once == 1))
    dying.cancel()
    await asyncio.wait([dying])
    survivor = service_on(pool, provider.url)

    assert await send_due(survivor) == 0, "the lease has not ended"
    await until(lambda: _sent_one(survivor))

    assert len(provider.sent) == 2, "at least once: the provider had taken the first already"
    assert [changed.status for changed in await said(pool, tenant)] == [MessageStatus.SENT]


async def test_of_two_outcomes_of_one_message_the_first_success_counts(pool: Pool) -> None:
    tenant = uuid4()
    await consume(pool, "outbound", CONSUMES, message(tenant))
    async with postgres.worker_transaction(pool) as worker:
        [paused] = await store.claim_due(worker, 10, timedelta(seconds=-1))
    async with postgres.worker_transaction(pool) as worker:
        [repeated] = await store.claim_due(worker, 10, timedelta(seconds=60))

    for claimed, outcome in (
        (paused, job.Failed("500")),
        (paused, job.RetryLater(timedelta(), "500")),
        (paused, job.Sent("wamid.a")),
        (repeated, job.Sent("wamid.b")),
    ):
        async with postgres.tenant_transaction(pool, [tenant]) as tx:
            await job.record_outcomes(tx, [(claimed, outcome)])

    [row] = await rows(pool, tenant)
    assert (row["state"], row["attempt"], row["external_message_id"]) == ("SENT", 2, "wamid.a")
    assert len(await said(pool, tenant)) == 1


async def test_a_tenant_can_neither_see_nor_record_another_s_message(pool: Pool, provider: Provider) -> None:
    owner, stranger = uuid4(), uuid4()
    await consume(pool, "outbound", CONSUMES, message(owner))
    async with postgres.worker_transaction(pool) as worker:
        claimed = await store.claim_due(worker, 10, timedelta(seconds=60))

    async with postgres.tenant_transaction(pool, [stranger]) as tx:
        assert await store.update_sent(tx, [(claimed[0], job.Sent("wamid.x"))]) == set()
        assert await store.update_failed(tx, [(claimed[0], job.Failed("x"))]) == set()
        await store.update_to_retry(tx, [(claimed[0], job.RetryLater(timedelta(), "x"))])
        assert await store.claim_due(tx, 10, timedelta(seconds=60)) == []

    assert not await rows(pool, stranger)
    assert [(row["state"], row["error_code"]) for row in await rows(pool, owner)] == [("PENDING", None)]
    with pytest.raises(Exception, match="row-level security"):
        async with postgres.tenant_transaction(pool, [stranger]) as tx:
            await store.insert_messages(tx, [message(owner)])


async def test_a_stopping_process_finishes_its_calls_and_begins_no_more(pool: Pool, provider: Provider) -> None:
    tenant, conversation = uuid4(), uuid4()
    provider.behaviour = Behaviour(delay_seconds=0.1)
    await consume(pool, "outbound", CONSUMES, *(message(tenant, conversation_id=conversation, position=position) for position in (1, 2)))
    service = service_on(pool, provider.url)
    running = asyncio.create_task(send_due(service))
    await until(lambda: _of(provider.at_once == 1))

    service.stopping.set()

    assert await running == 1
    assert [row["state"] for row in await rows(pool, tenant)] == ["SENT", "PENDING"]


async def _of(value: bool) -> bool:
    return value


async def _sent_one(service: Service) -> bool:
    return await send_due(service) == 1


async def test_attempts_are_counted_by_provider_integration_and_outcome(pool: Pool, provider: Provider) -> None:
    integration_id = uuid4()

    def counted(outcome: str) -> float:
        labels = {"provider": "Meta", "integration": str(integration_id), "outcome": outcome}
        return REGISTRY.get_sample_value("comanda_outbound_messages_total", labels) or 0

    calls = REGISTRY.get_sample_value("comanda_outbound_call_seconds_count", {"provider": "Meta"}) or 0
    provider.behaviour = Behaviour(status=500, times=1)
    tenant = uuid4()
    await consume(pool, "outbound", CONSUMES, message(tenant, integration_id=integration_id))
    for _ in range(2):
        await make_due(pool, tenant)
        await send_due(service_on(pool, provider.url))
    provider.behaviour = Behaviour(status=400, error_code=100)
    await consume(pool, "outbound", CONSUMES, message(tenant, integration_id=integration_id))
    await send_due(service_on(pool, provider.url))
    assert [counted(outcome) for outcome in ("sent", "retried", "failed")] == [1, 1, 1]
    assert (REGISTRY.get_sample_value("comanda_outbound_call_seconds_count", {"provider": "Meta"}) or 0) - calls == 3
