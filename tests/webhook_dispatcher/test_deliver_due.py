"""Deliveries are made to a real receiver, which checks every signature: at least once, whatever it answers."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from deploy.demo.stand_ins.receiver import Receiver
from libs import postgres
from libs.postgres import Pool
from schemas.webhook_endpoint_disabled import WebhookEndpointDisabled
from services.webhook_dispatcher import deliver_due as job
from services.webhook_dispatcher import delivery_store, endpoint_store
from services.webhook_dispatcher.__main__ import CONSUMES
from services.webhook_dispatcher.deliver_due import deliver_due
from tests.consuming import consume, said
from tests.webhook_dispatcher.conftest import dispatcher_settings, erased, make_due, rows, service_on, subscribe, until


async def queue(pool: Pool, tenant: UUID, events: int = 1) -> list[str]:
    """Let `events` happen. Returns their ids."""
    happened = [erased(tenant) for _ in range(events)]
    await consume(pool, "webhook_dispatcher", CONSUMES, *happened)
    return [str(event.envelope.id) for event in happened]


@pytest.mark.parametrize("auth_type", ["STANDARD_WEBHOOKS", "HMAC_SHA256"])
async def test_an_event_is_delivered_signed_and_logged(pool: Pool, receiver: Receiver, auth_type: str) -> None:
    tenant = uuid4()
    endpoint = await subscribe(pool, receiver, tenant, auth_type=auth_type)
    event = erased(tenant)
    await consume(pool, "webhook_dispatcher", CONSUMES, event)

    assert await deliver_due(service_on(pool)) == 1

    [received] = receiver.received
    assert received.webhook_id == str(event.envelope.id) == received.event["id"]
    assert received.event["type"] == "customer.erased"
    assert datetime.fromisoformat(received.event["timestamp"]) == event.occurred_at
    assert received.event["data"] == event.model_dump(mode="json")
    [delivery] = await rows(pool, tenant, "webhook_deliveries")
    assert (delivery["status"], delivery["attempt_number"], delivery["response_status_code"], delivery["error_message"]) == ("SUCCESS", 1, 200, None)
    [attempt] = await rows(pool, tenant, "webhook_attempts")
    assert (attempt["status"], attempt["webhook_delivery_id"], attempt["webhook_endpoint_id"]) == ("SUCCESS", delivery["id"], endpoint.id)
    [counted] = await rows(pool, tenant, "webhook_endpoints")
    assert (counted["total_deliveries"], counted["successful_deliveries"], counted["failed_deliveries"]) == (1, 1, 0)
    assert await deliver_due(service_on(pool)) == 0


@pytest.mark.parametrize("status", [301, 404, 429, 500, 503])
async def test_a_failure_is_retried_under_the_same_id_until_it_works(pool: Pool, receiver: Receiver, status: int) -> None:
    tenant = uuid4()
    await subscribe(pool, receiver, tenant)
    hook = receiver.hooks["hook"]
    hook.status, hook.times, hook.headers = status, 2, {"Location": f"{receiver.url}/hooks/hook", "Set-Cookie": "a=b"}
    await queue(pool, tenant)
    service = service_on(pool)

    assert await deliver_due(service) == 1
    [delivery] = await rows(pool, tenant, "webhook_deliveries")
    assert (delivery["status"], delivery["response_status_code"]) == ("RETRYING", status)
    assert timedelta(seconds=3) < delivery["retry_after"] - delivery["updated_at"] < timedelta(seconds=7)
    assert "Set-Cookie" not in delivery["response_headers"]
    for _ in range(2):
        await make_due(pool, tenant)
        await deliver_due(service)

    assert len({received.webhook_id for received in receiver.received}) == 1
    assert [row["status"] for row in await rows(pool, tenant, "webhook_attempts")] == ["FAILED", "FAILED", "SUCCESS"]
    assert [row["status"] for row in await rows(pool, tenant, "webhook_deliveries")] == ["SUCCESS"]
    [endpoint] = await rows(pool, tenant, "webhook_endpoints")
    assert (endpoint["total_deliveries"], endpoint["failed_deliveries"], endpoint["first_failure_at"]) == (3, 2, None)


@pytest.mark.parametrize(("asks", "seconds"), [("120", 120), ("999999", 3_600)])
async def test_retry_after_is_honoured_within_bounds(pool: Pool, receiver: Receiver, asks: str, seconds: int) -> None:
    tenant = uuid4()
    await subscribe(pool, receiver, tenant)
    receiver.hooks["hook"].status, receiver.hooks["hook"].headers = 429, {"Retry-After": asks}
    await queue(pool, tenant)
    await deliver_due(service_on(pool))
    [delivery] = await rows(pool, tenant, "webhook_deliveries")
    assert delivery["retry_after"] - delivery["updated_at"] == timedelta(seconds=seconds)


async def test_it_is_dead_after_the_last_attempt(pool: Pool, receiver: Receiver) -> None:
    tenant = uuid4()
    await subscribe(pool, receiver, tenant, retry_attempts=1, retry_delay_seconds=60)
    receiver.hooks["hook"].status = 500
    await queue(pool, tenant)
    for _ in range(3):
        await deliver_due(service_on(pool))
        await make_due(pool, tenant)
    [delivery] = await rows(pool, tenant, "webhook_deliveries")
    assert (delivery["status"], delivery["attempt_number"], delivery["error_message"]) == ("DEAD", 2, "the endpoint answered 500")


async def test_gone_disables_the_endpoint_says_so_and_holds_what_is_left(pool: Pool, receiver: Receiver) -> None:
    tenant = uuid4()
    endpoint = await subscribe(pool, receiver, tenant, ordered=True)
    receiver.hooks["hook"].status = 410
    await queue(pool, tenant, events=3)

    assert await deliver_due(service_on(pool)) == 1

    assert [row["status"] for row in await rows(pool, tenant, "webhook_deliveries")] == ["HELD"] * 3
    [disabled] = await said(pool, tenant, of=WebhookEndpointDisabled)
    assert (disabled.webhook_endpoint_id, disabled.name) == (endpoint.id, "hook")
    [row] = await rows(pool, tenant, "webhook_endpoints")
    assert not row["active"]


async def test_five_days_of_failures_disable_the_endpoint(pool: Pool, receiver: Receiver) -> None:
    tenant = uuid4()
    await subscribe(pool, receiver, tenant)
    receiver.hooks["hook"].status = 500
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await tx.execute("update webhook_endpoints set first_failure_at = now() - interval '6 days'")
    await queue(pool, tenant)
    await deliver_due(service_on(pool))
    assert len(await said(pool, tenant, of=WebhookEndpointDisabled)) == 1


async def test_no_answer_in_time_is_a_failure(pool: Pool, receiver: Receiver) -> None:
    tenant = uuid4()
    await subscribe(pool, receiver, tenant, timeout_seconds=1)
    receiver.hooks["hook"].delay_seconds = 5
    await queue(pool, tenant)
    await deliver_due(service_on(pool))
    [delivery] = await rows(pool, tenant, "webhook_deliveries")
    assert (delivery["status"], delivery["error_message"]) == ("RETRYING", "no answer within 1 s")


async def test_an_address_that_is_not_public_is_never_called(pool: Pool, receiver: Receiver) -> None:
    tenant = uuid4()
    await subscribe(pool, receiver, tenant)
    await queue(pool, tenant)
    await deliver_due(service_on(pool, dispatcher_settings(allow_loopback=False)))
    [delivery] = await rows(pool, tenant, "webhook_deliveries")
    assert (delivery["status"], delivery["error_message"]) == ("RETRYING", "the address is not public")
    assert not receiver.received


async def test_credentials_that_another_key_sealed_are_a_failure_that_passes(pool: Pool, receiver: Receiver) -> None:
    tenant = uuid4()
    await subscribe(pool, receiver, tenant)
    await queue(pool, tenant)
    await deliver_due(service_on(pool, dispatcher_settings(master_key=b"x" * 32)))
    [delivery] = await rows(pool, tenant, "webhook_deliveries")
    assert delivery["status"] == "RETRYING"
    assert "COMANDA_MASTER_KEY" in delivery["error_message"]


async def test_a_wrong_signature_is_refused_by_the_receiver(pool: Pool, receiver: Receiver) -> None:
    tenant = uuid4()
    await subscribe(pool, receiver, tenant)
    receiver.expect("hook", "whsec_" + "B" * 32)
    await queue(pool, tenant)
    await deliver_due(service_on(pool))
    assert (receiver.refused, receiver.received) == (1, [])


async def test_an_ordered_endpoint_gets_its_events_in_order_one_at_a_time(pool: Pool, receiver: Receiver) -> None:
    tenant = uuid4()
    await subscribe(pool, receiver, tenant, ordered=True)
    receiver.hooks["hook"].delay_seconds = 0.01
    ids = await queue(pool, tenant, events=12)

    assert sum(await asyncio.gather(*(deliver_due(service_on(pool)) for _ in range(3)))) == 12

    assert [received.webhook_id for received in receiver.received] == ids
    assert receiver.hooks["hook"].most_at_once == 1


async def test_a_failed_delivery_of_an_ordered_endpoint_holds_back_the_rest_until_it_is_dead(pool: Pool, receiver: Receiver) -> None:
    tenant = uuid4()
    await subscribe(pool, receiver, tenant, ordered=True, retry_attempts=1, retry_delay_seconds=60)
    receiver.hooks["hook"].status, receiver.hooks["hook"].times = 500, 2
    await queue(pool, tenant, events=2)

    assert await deliver_due(service_on(pool)) == 1
    assert await deliver_due(service_on(pool)) == 0
    await make_due(pool, tenant)
    assert await deliver_due(service_on(pool)) == 2

    assert sorted(row["status"] for row in await rows(pool, tenant, "webhook_deliveries")) == ["DEAD", "SUCCESS"]


async def test_an_endpoint_has_several_calls_under_way_but_not_too_many(pool: Pool, receiver: Receiver) -> None:
    tenant = uuid4()
    await subscribe(pool, receiver, tenant)
    receiver.hooks["hook"].delay_seconds = 0.05
    await queue(pool, tenant, events=40)
    assert await deliver_due(service_on(pool)) == 40
    assert receiver.hooks["hook"].most_at_once == job.AT_ONCE_TO_AN_ENDPOINT
    assert len({received.webhook_id for received in receiver.received}) == 40


async def test_a_failing_endpoint_is_tried_with_one_call_at_a_time(pool: Pool, receiver: Receiver) -> None:
    tenant = uuid4()
    await subscribe(pool, receiver, tenant)
    hook = receiver.hooks["hook"]
    hook.status = 500
    await queue(pool, tenant)
    await deliver_due(service_on(pool))
    hook.delay_seconds = 0.02
    await queue(pool, tenant, events=5)
    await deliver_due(service_on(pool))
    assert hook.most_at_once == 1
    assert len(receiver.received) == 6


async def test_an_endpoint_gets_no_more_within_a_second_than_it_allows(pool: Pool, receiver: Receiver) -> None:
    tenant = uuid4()
    await subscribe(pool, receiver, tenant, rate_limit_per_second=3)
    await queue(pool, tenant, events=6)
    service = service_on(pool)
    started = time.monotonic()
    made = await deliver_due(service)
    assert made == 3
    async with asyncio.timeout(5):
        while made < 6:
            made += await deliver_due(service)
    assert time.monotonic() - started >= 1


async def test_a_slow_endpoint_does_not_delay_another_tenant_s(pool: Pool, receiver: Receiver) -> None:
    slow, quick = uuid4(), uuid4()
    await subscribe(pool, receiver, slow, "slow")
    await subscribe(pool, receiver, quick, "quick")
    receiver.hooks["slow"].delay_seconds = 2
    await queue(pool, slow, events=100)
    running = asyncio.create_task(deliver_due(service_on(pool)))
    await until(lambda: receiver.hooks["slow"].under_way == job.AT_ONCE_TO_AN_ENDPOINT)

    started = time.monotonic()
    await queue(pool, quick, events=20)
    await until(lambda: sum(received.hook == "quick" for received in receiver.received) == 20, seconds=1.5)

    assert time.monotonic() - started < 1.5
    assert receiver.hooks["slow"].under_way == job.AT_ONCE_TO_AN_ENDPOINT, "the slow ones have not ended yet"
    running.cancel()
    await asyncio.wait([running])


async def test_a_process_that_dies_in_a_call_leaves_it_to_be_repeated_when_its_lease_ends(
    pool: Pool, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = uuid4()
    monkeypatch.setattr(job, "LEASE", timedelta(seconds=1))
    await subscribe(pool, receiver, tenant, ordered=True)
    hook = receiver.hooks["hook"]
    hook.delay_seconds, hook.times = 10, 1
    ids = await queue(pool, tenant, events=2)
    dying = asyncio.create_task(deliver_due(service_on(pool)))
    await until(lambda: hook.under_way == 1)
    dying.cancel()
    await asyncio.wait([dying])
    survivor = service_on(pool)

    assert await deliver_due(survivor) == 0, "the lease has not ended, and the second may not overtake the first"
    made = 0
    async with asyncio.timeout(5):
        while made < 2:
            made += await deliver_due(survivor)

    assert [received.webhook_id for received in receiver.received] == [ids[0], *ids], "at least once, under the same id"
    assert [row["status"] for row in await rows(pool, tenant, "webhook_deliveries")] == ["SUCCESS", "SUCCESS"]


async def test_a_stopping_process_finishes_its_calls_and_begins_no_more(pool: Pool, receiver: Receiver) -> None:
    tenant = uuid4()
    await subscribe(pool, receiver, tenant, ordered=True)
    receiver.hooks["hook"].delay_seconds = 0.1
    await queue(pool, tenant, events=2)
    service = service_on(pool)
    running = asyncio.create_task(deliver_due(service))
    await until(lambda: receiver.hooks["hook"].under_way == 1)
    service.stopping.set()
    assert await running == 1
    assert sorted(row["status"] for row in await rows(pool, tenant, "webhook_deliveries")) == ["PENDING", "SUCCESS"]


async def test_of_a_long_answer_a_kilobyte_is_kept(pool: Pool, receiver: Receiver) -> None:
    tenant = uuid4()
    await subscribe(pool, receiver, tenant, url=f"{receiver.url}/long")
    await queue(pool, tenant)
    await deliver_due(service_on(pool))
    [attempt] = await rows(pool, tenant, "webhook_attempts")
    assert len(attempt["response_body"]) <= 1_024
    assert attempt["response_status_code"] == 404


async def test_a_stranger_can_neither_claim_read_move_nor_disable(pool: Pool, receiver: Receiver) -> None:
    owner, stranger = uuid4(), uuid4()
    endpoint = await subscribe(pool, receiver, owner)
    await queue(pool, owner)
    async with postgres.worker_transaction(pool) as worker:
        claimed = await delivery_store.claim_due(worker, 10, 8, timedelta(seconds=-1))
    async with postgres.tenant_transaction(pool, [stranger]) as tx:
        assert await delivery_store.claim_due(tx, 10, 8, timedelta(seconds=60)) == []
        assert await delivery_store.select_due(tx, claimed) == []
        assert await delivery_store.select_deliveries(tx, owner, endpoint.id, 2**63 - 1, 10) == []
        assert await delivery_store.redeliver(tx, owner, endpoint.id, claimed[0].id) is None
        assert not await delivery_store.delivery_exists(tx, owner, endpoint.id, claimed[0].id)
        await delivery_store.hold_deliveries(tx, owner, endpoint.id)
        await delivery_store.release_deliveries(tx, owner, endpoint.id)
        assert await endpoint_store.disable_endpoint(tx, owner, endpoint.id, "mine now") is None
        assert await endpoint_store.select_credentials(tx, owner, endpoint.id) is None
        assert await endpoint_store.update_endpoint(tx, owner, endpoint.id, {"name": "mine"}) is None
        tally = endpoint_store.Tally(distributor_id=owner, endpoint_id=endpoint.id, succeeded=1, failed=0, last_attempt_at=datetime.now(UTC))
        assert await endpoint_store.update_tallies(tx, [tally]) == []
        assert not await endpoint_store.delete_endpoint(tx, owner, endpoint.id)
    assert await deliver_due(service_on(pool)) == 1


async def test_workers_who_claim_cannot_read_addresses_and_secrets(pool: Pool) -> None:
    for column in ("url", "auth_value", "secrets"):
        with pytest.raises(Exception, match="permission denied"):
            async with postgres.worker_transaction(pool) as worker:
                await worker.fetch(f"select {column} from webhook_endpoints")
