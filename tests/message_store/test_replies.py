"""What we answer, and how far it came."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from libs import postgres
from libs.postgres import Pool
from schemas.event import Event
from schemas.message import MessageStatus
from schemas.message_created import MessageCreated
from schemas.message_status_changed import MessageStatusChanged
from schemas.reply_requested import ReplyRequested
from services.message_store.__main__ import CONSUMES
from services.message_store.on_reply_requested import ConversationUnknown
from tests.conftest import NewPool
from tests.consuming import arrived, consume, said
from tests.making import INTEGRATION, NOW, received


async def take(pool: Pool, *events: Event) -> None:
    await consume(pool, "message_store", CONSUMES, *events)


def reply(tenant: UUID, conversation: UUID, text: str = "Your order: …") -> ReplyRequested:
    return arrived(ReplyRequested(distributor_id=tenant, occurred_at=NOW, conversation_id=conversation, reply_id=uuid4(), content=text))


def status(tenant: UUID, sent: MessageCreated, step: MessageStatus, external_id: str | None = "wamid.out") -> MessageStatusChanged:
    return arrived(
        MessageStatusChanged(
            distributor_id=tenant,
            occurred_at=NOW,
            conversation_id=sent.conversation_id,
            message_id=sent.message_id,
            integration_id=INTEGRATION,
            external_message_id=external_id,
            status=step,
            status_at=NOW + timedelta(seconds=1),
        )
    )


async def test_a_reply_takes_the_next_place_and_names_where_it_goes(new_pool: NewPool) -> None:
    pool, tenant = await new_pool("message_store"), uuid4()
    event = received(tenant)
    await take(pool, event)
    answer = reply(tenant, event.conversation_id)
    await take(pool, answer)
    await take(pool, arrived(answer.model_copy()))
    _, ours = await said(pool, tenant, MessageCreated)
    assert (ours.message_id, ours.thread_position, ours.is_from_customer) == (answer.reply_id, 2, False)
    assert (ours.address, ours.integration_id, ours.channel_account) == ("+15550100001", INTEGRATION, "15550001001")


async def test_two_replies_in_a_batch_keep_their_order(new_pool: NewPool) -> None:
    pool, tenant = await new_pool("message_store"), uuid4()
    event = received(tenant)
    await take(pool, event, reply(tenant, event.conversation_id, "one"), reply(tenant, event.conversation_id, "two"))
    created = await said(pool, tenant, MessageCreated)
    assert [(message.content, message.thread_position) for message in created[1:]] == [("one", 2), ("two", 3)]


async def test_a_reply_to_nobody_is_refused(new_pool: NewPool) -> None:
    pool, tenant = await new_pool("message_store"), uuid4()
    with pytest.raises(ConversationUnknown):
        await take(pool, reply(tenant, uuid4()))


async def test_a_reply_in_the_conversation_of_another_tenant_is_refused(new_pool: NewPool) -> None:
    pool, mine, theirs = await new_pool("message_store"), uuid4(), uuid4()
    event = received(theirs)
    await take(pool, event)
    with pytest.raises(ConversationUnknown):
        await take(pool, reply(mine, event.conversation_id))
    assert len(await said(pool, theirs)) == 1


async def test_a_status_moves_forward_and_never_back(new_pool: NewPool) -> None:
    pool, tenant = await new_pool("message_store"), uuid4()
    event = received(tenant)
    await take(pool, event)
    await take(pool, reply(tenant, event.conversation_id))
    ours = (await said(pool, tenant, MessageCreated))[-1]
    for step in (MessageStatus.SENT, MessageStatus.READ, MessageStatus.DELIVERED):
        await take(pool, status(tenant, ours, step))
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        message = await tx.fetchrow("select status, external_message_id from messages where id = $1", ours.message_id)
        mapping = await tx.fetchrow("select status, direction from external_message_mappings where message_id = $1", ours.message_id)
    assert message is not None
    assert mapping is not None
    assert (message["status"], message["external_message_id"]) == ("READ", "wamid.out")
    assert (mapping["status"], mapping["direction"]) == ("READ", "OUTBOUND")


async def test_the_status_of_a_foreign_message_is_not_touched(new_pool: NewPool) -> None:
    pool, mine, theirs = await new_pool("message_store"), uuid4(), uuid4()
    event = received(theirs)
    await take(pool, event)
    [stored] = await said(pool, theirs, MessageCreated)
    await take(pool, status(mine, stored, MessageStatus.FAILED))
    async with postgres.tenant_transaction(pool, [theirs]) as tx:
        assert await tx.fetchval("select status from messages") == "RECEIVED"
