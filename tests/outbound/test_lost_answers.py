"""The provider may have taken a message although its answer got lost: then its own word on the message decides."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from deploy.demo.stand_ins.behaviour import Behaviour
from deploy.demo.stand_ins.carriers import Carriers
from deploy.demo.stand_ins.provider import Provider as Meta
from libs import postgres
from libs.postgres import Pool
from schemas.contact import Channel
from schemas.event import Envelope
from schemas.integration_changed import Provider
from schemas.message import MessageStatus
from schemas.message_status_changed import MessageStatusChanged
from services.outbound import send_due as job
from services.outbound import sessions, store
from services.outbound.__main__ import CONSUMES
from services.outbound.send_due import send_due
from tests.consuming import consume, said
from tests.outbound.conftest import integration, make_due, message, rows, service_on, status_of


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls time out soon."""
    monkeypatch.setattr(sessions, "CALL_TIMEOUT_SECONDS", 0.2)


def lost() -> Behaviour:
    """The next message is taken, and its answer comes too late."""
    return Behaviour(delay_seconds=0.5, times=1, take_all_the_same=True)


@pytest.mark.parametrize("status", [MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ, MessageStatus.FAILED])
async def test_a_status_proves_that_it_was_taken_and_it_is_not_sent_twice(pool: Pool, provider: Meta, status: MessageStatus) -> None:
    tenant, conversation = uuid4(), uuid4()
    provider.behaviour = lost()
    first, second = (message(tenant, conversation_id=conversation, position=position, text=str(position)) for position in (1, 2))
    await consume(pool, "outbound", CONSUMES, first, second)
    service = service_on(pool, provider.url)
    await send_due(service)

    await consume(pool, "outbound", CONSUMES, status_of(first, provider.sent[0].wamid, status))
    await make_due(pool, tenant)
    await send_due(service)

    assert [sent.text for sent in provider.sent] == ["1", "2"]
    assert [(row["state"], row["external_message_id"]) for row in await rows(pool, tenant)] == [("SENT", sent.wamid) for sent in provider.sent]
    assert [changed.message_id for changed in await said(pool, tenant)] == [second.message_id], "of the first the provider has told everybody"


async def test_twilio_tells_by_its_callback(pool: Pool, carriers: Carriers) -> None:
    tenant = uuid4()
    carriers.behaviour = lost()
    ours = message(tenant, channel=Channel.SMS)
    await consume(pool, "outbound", CONSUMES, integration(tenant, Provider.TWILIO, Channel.SMS), ours)
    service = service_on(pool, carriers.url)
    await send_due(service)

    await consume(pool, "outbound", CONSUMES, status_of(ours, carriers.taken[0].external_id))
    await make_due(pool, tenant)

    assert await send_due(service) == 0
    assert [row["state"] for row in await rows(pool, tenant)] == ["SENT"]


async def test_without_a_status_it_is_sent_again_after_a_while_and_the_next_one_waits_for_it(pool: Pool, provider: Meta) -> None:
    tenant, conversation = uuid4(), uuid4()
    provider.behaviour = lost()
    await consume(
        pool, "outbound", CONSUMES, *(message(tenant, conversation_id=conversation, position=position, text=str(position)) for position in (1, 2))
    )
    service = service_on(pool, provider.url)
    await send_due(service)
    first, second = await rows(pool, tenant)
    assert (first["state"], first["error_code"], second["attempt"]) == ("PENDING", "TIMEOUT", 0)
    assert first["run_after"] - first["updated_at"] == timedelta(minutes=2)

    await make_due(pool, tenant)
    await send_due(service)

    assert [sent.text for sent in provider.sent] == ["1", "1", "2"]
    assert len({sent.callback_data for sent in provider.sent}) == 2, "both copies carry the same message id of ours"


@pytest.mark.parametrize("gateway", [502, 504])
async def test_the_word_of_a_gateway_counts_as_a_lost_answer(pool: Pool, provider: Meta, gateway: int) -> None:
    tenant = uuid4()
    provider.behaviour = Behaviour(status=gateway, take_all_the_same=True)
    await consume(pool, "outbound", CONSUMES, message(tenant))
    await send_due(service_on(pool, provider.url))
    [row] = await rows(pool, tenant)
    assert row["run_after"] - row["updated_at"] == timedelta(minutes=2)


async def test_after_the_last_attempt_the_status_is_waited_for_before_it_fails(pool: Pool, provider: Meta) -> None:
    tenant = uuid4()
    provider.behaviour = Behaviour(status=504, error_code=0, take_all_the_same=True)
    await consume(pool, "outbound", CONSUMES, message(tenant))
    service = service_on(pool, provider.url)
    for _ in range(6):
        assert not await said(pool, tenant)
        assert await send_due(service) == 1
        await make_due(pool, tenant)

    await send_due(service)

    assert len(provider.sent) == 6
    [changed] = await said(pool, tenant, of=MessageStatusChanged)
    assert (changed.status, changed.error_code) == (MessageStatus.FAILED, "0")


async def test_a_process_that_died_in_the_call_leaves_it_to_the_status_too(pool: Pool, provider: Meta) -> None:
    tenant = uuid4()
    ours = message(tenant)
    await consume(pool, "outbound", CONSUMES, ours)
    async with postgres.worker_transaction(pool) as worker:
        assert len(await store.claim_due(worker, 10, timedelta(seconds=60))) == 1
    await consume(pool, "outbound", CONSUMES, status_of(ours, "wamid.1"))
    await make_due(pool, tenant)
    assert await send_due(service_on(pool, provider.url)) == 0


async def test_an_outcome_that_comes_after_the_status_is_no_news(pool: Pool, provider: Meta) -> None:
    tenant = uuid4()
    ours = message(tenant)
    await consume(pool, "outbound", CONSUMES, ours)
    async with postgres.worker_transaction(pool) as worker:
        [claimed] = await store.claim_due(worker, 10, timedelta(seconds=60))
    await consume(pool, "outbound", CONSUMES, status_of(ours, "wamid.1"))

    for outcome in (job.Failed("500"), job.RetryLater(timedelta(), "500"), job.Sent("wamid.2")):
        async with postgres.tenant_transaction(pool, [tenant]) as tx:
            await job.record_outcomes(tx, [(claimed, outcome)])

    assert [(row["state"], row["external_message_id"]) for row in await rows(pool, tenant)] == [("SENT", "wamid.1")]
    assert not await said(pool, tenant)


async def test_a_failed_message_stays_failed_whatever_is_told_of_it_later(pool: Pool, provider: Meta) -> None:
    tenant = uuid4()
    provider.behaviour = Behaviour(status=400, error_code=131047)
    ours = message(tenant)
    await consume(pool, "outbound", CONSUMES, ours)
    await send_due(service_on(pool, provider.url))
    await consume(pool, "outbound", CONSUMES, status_of(ours, "wamid.1"))
    assert [row["state"] for row in await rows(pool, tenant)] == ["FAILED"]


@pytest.mark.parametrize("vain", [{"message_id": None}, {"external_message_id": None}, {"source": "outbound"}])
async def test_a_status_that_proves_nothing_changes_nothing(pool: Pool, provider: Meta, vain: dict[str, Any]) -> None:
    tenant = uuid4()
    ours = message(tenant)
    await consume(pool, "outbound", CONSUMES, ours)
    async with postgres.worker_transaction(pool) as worker:
        await store.claim_due(worker, 10, timedelta(seconds=60))
    event = status_of(ours, "wamid.1")
    envelope = Envelope(id=uuid4(), source=vain.pop("source", "ingest"), correlation_id=uuid4())
    await consume(pool, "outbound", CONSUMES, event.model_copy(update=vain).arrived_in(envelope))
    assert [row["state"] for row in await rows(pool, tenant)] == ["PENDING"]


async def test_a_status_of_what_was_never_begun_to_be_sent_changes_nothing(pool: Pool) -> None:
    tenant = uuid4()
    ours = message(tenant)
    await consume(pool, "outbound", CONSUMES, ours)
    await consume(pool, "outbound", CONSUMES, status_of(ours, "wamid.1"), status_of(ours, "wamid.1"))
    assert [row["state"] for row in await rows(pool, tenant)] == ["PENDING"]


async def test_a_tenant_cannot_confirm_another_s_message(pool: Pool) -> None:
    owner, stranger = uuid4(), uuid4()
    ours = message(owner)
    await consume(pool, "outbound", CONSUMES, ours)
    async with postgres.worker_transaction(pool) as worker:
        await store.claim_due(worker, 10, timedelta(seconds=60))
    event = status_of(ours, "wamid.1")
    async with postgres.tenant_transaction(pool, [stranger]) as tx:
        await store.update_confirmed(tx, [event, event.model_copy(update={"distributor_id": stranger})])
    assert [row["state"] for row in await rows(pool, owner)] == ["PENDING"]
