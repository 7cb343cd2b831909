"""Public events become deliveries for who subscribed, once."""

from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest

from deploy.demo.stand_ins.receiver import Receiver
from libs import postgres
from libs.postgres import Pool
from schemas import topics
from schemas.webhook_endpoint_disabled import WebhookEndpointDisabled
from services.webhook_dispatcher import delivery_store, endpoint_store
from services.webhook_dispatcher.__main__ import CONSUMES
from tests.consuming import arrived, consume
from tests.webhook_dispatcher.conftest import erased, rows, subscribe


def test_every_public_topic_is_consumed_and_says_so_and_no_other() -> None:
    consumed = {event.topic for event in CONSUMES}
    assert consumed == {topic.name for topic in topics.load().values() if topic.visibility == "public"}
    assert consumed == {topic.name for topic in topics.load().values() if "webhook_dispatcher" in topic.consumers}


async def test_each_subscribed_endpoint_of_the_event_s_own_tenant_gets_a_delivery(pool: Pool, receiver: Receiver) -> None:
    one, other, nobody = uuid4(), uuid4(), uuid4()
    await subscribe(pool, receiver, one, "a")
    await subscribe(pool, receiver, one, "b")
    await subscribe(pool, receiver, one, "c", events=["order.confirmed"])
    await subscribe(pool, receiver, one, "d", active=False)
    await subscribe(pool, receiver, other, "e")
    events = [erased(one), erased(other), erased(nobody), erased(one)]

    await consume(pool, "webhook_dispatcher", CONSUMES, *events)

    deliveries = await rows(pool, one, "webhook_deliveries")
    assert sorted(row["event_id"] for row in deliveries) == sorted([events[0].envelope.id, events[3].envelope.id] * 2)
    assert {row["status"] for row in deliveries} == {"PENDING"}
    kept = await rows(pool, one, "webhook_events")
    assert {row["payload"]["customer_id"] for row in kept} == {str(events[0].customer_id), str(events[3].customer_id)}
    assert [row["event_id"] for row in await rows(pool, other, "webhook_deliveries")] == [events[1].envelope.id]
    assert not await rows(pool, nobody, "webhook_events")
    async with postgres.tenant_transaction(pool, [one, nobody]) as tx:
        consumed = await tx.fetch("select distributor_id from inbox")
    assert {row["distributor_id"] for row in consumed} == {one}, "what nobody subscribed to is not even written down as consumed"


async def test_a_redelivered_event_changes_nothing(pool: Pool, receiver: Receiver) -> None:
    tenant = uuid4()
    await subscribe(pool, receiver, tenant)
    event = erased(tenant)
    for _ in range(2):
        await consume(pool, "webhook_dispatcher", CONSUMES, event)
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await delivery_store.insert_deliveries(tx, [event, event])
    assert len(await rows(pool, tenant, "webhook_deliveries")) == 1
    assert len(await rows(pool, tenant, "webhook_events")) == 1


async def test_what_happens_while_an_endpoint_is_given_up_is_held(pool: Pool, receiver: Receiver) -> None:
    tenant = uuid4()
    endpoint = await subscribe(pool, receiver, tenant, events=["webhook.endpoint_disabled"])
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        assert await endpoint_store.disable_endpoint(tx, tenant, endpoint.id, "gone") == "hook"
    disabled = WebhookEndpointDisabled(
        distributor_id=tenant, occurred_at=datetime.now(UTC), webhook_endpoint_id=endpoint.id, name="hook", reason="gone"
    )

    await consume(pool, "webhook_dispatcher", CONSUMES, arrived(disabled))

    assert [row["status"] for row in await rows(pool, tenant, "webhook_deliveries")] == ["HELD"]


async def test_a_tenant_cannot_queue_for_another(pool: Pool, receiver: Receiver) -> None:
    owner, stranger = uuid4(), uuid4()
    await subscribe(pool, receiver, owner)
    async with postgres.tenant_transaction(pool, [stranger]) as tx:
        assert await endpoint_store.select_subscribers(tx, {owner}, "customer.erased") == set()
        await delivery_store.insert_deliveries(tx, [erased(owner)])
    assert not await rows(pool, owner, "webhook_deliveries")


async def test_nobody_reaches_a_partition_of_the_log_nor_changes_the_log(pool: Pool) -> None:
    partition = f"webhook_attempts_{datetime.now(UTC):%Y_%m}"
    for statement in (f"select * from {partition}", f"delete from {partition}", "update webhook_attempts set status = 'SUCCESS'"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with postgres.tenant_transaction(pool, [uuid4()]) as tx:
                await tx.execute(statement)
