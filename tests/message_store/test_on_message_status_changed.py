"""How far our messages came: forward only, by whatever name a provider speaks of them."""

from typing import Any
from uuid import UUID, uuid4

import pytest_asyncio

from libs import postgres
from libs.postgres import Pool
from schemas.message import MessageStatus
from schemas.message_created import MessageCreated
from services.message_store import statuses_store
from tests.conftest import NewPool
from tests.making import received
from tests.message_store.conversations import message, own, reply, rows, status, take, told

SENT, DELIVERED, READ, FAILED = MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ, MessageStatus.FAILED


@pytest_asyncio.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A fresh database of message_store."""
    return await new_pool("message_store")


async def our_message(pool: Pool, tenant: UUID) -> MessageCreated:
    await take(pool, received(tenant), reply(tenant, own(tenant)))
    return (await told(pool, tenant))[-1]


async def state(pool: Pool, ours: MessageCreated) -> tuple[Any, ...]:
    stored = await message(pool, ours.distributor_id, ours.message_id)
    return stored["status"], stored["external_message_id"], stored["error_code"]


async def test_a_status_moves_forward_and_never_back(pool: Pool) -> None:
    tenant = uuid4()
    ours = await our_message(pool, tenant)
    for step in (SENT, READ, DELIVERED):
        await take(pool, status(ours, step))
    assert await state(pool, ours) == ("READ", "wamid.out", None)
    [mapping] = await rows(pool, tenant, "select status, direction from external_message_mappings where message_id = $1", ours.message_id)
    assert mapping == {"status": "READ", "direction": "OUTBOUND"}


async def test_a_failure_is_final_and_says_why(pool: Pool) -> None:
    ours = await our_message(pool, uuid4())
    failed = status(ours, FAILED, error_code="131047")
    await take(pool, failed, status(ours, SENT))
    await take(pool, failed)
    await take(pool, status(ours, READ))
    assert await state(pool, ours) == ("FAILED", "wamid.out", "131047")


async def test_a_status_under_the_providers_name_alone_waits_until_that_is_known(pool: Pool) -> None:
    ours = await our_message(pool, uuid4())
    await take(pool, status(ours, DELIVERED, message_id=None))
    assert await state(pool, ours) == ("QUEUED", None, None)

    await take(pool, status(ours, SENT))
    assert await state(pool, ours) == ("DELIVERED", "wamid.out", None)

    await take(pool, status(ours, READ, message_id=None))
    assert await state(pool, ours) == ("READ", "wamid.out", None)


async def test_a_message_of_a_customer_has_no_status_of_ours(pool: Pool) -> None:
    tenant = uuid4()
    await take(pool, received(tenant))
    [theirs] = await told(pool, tenant)
    await take(pool, status(theirs, FAILED))
    assert (await message(pool, tenant, theirs.message_id))["status"] == "RECEIVED"


async def test_the_status_of_a_foreign_message_is_not_touched(pool: Pool) -> None:
    mine, theirs = uuid4(), uuid4()
    ours = await our_message(pool, theirs)
    answer = received(theirs, reply_to_external_id="wamid.out")
    await take(pool, status(ours, SENT, None), answer)
    await take(pool, status(ours, FAILED, distributor_id=mine))
    async with postgres.tenant_transaction(pool, [mine]) as tx:
        await statuses_store.update_statuses(tx, [status(ours, FAILED, None)])
        await statuses_store.update_quoting(tx, [status(ours, FAILED), status(ours, FAILED, distributor_id=mine)])
    assert await state(pool, ours) == ("SENT", None, None)
    assert (await told(pool, theirs))[-1].reply_to_message_id is None
    assert [row["reply_to_message_id"] for row in await rows(pool, theirs, "select * from messages where reply_to_external_id is not null")] == [None]
