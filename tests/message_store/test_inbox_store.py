"""The inbox shows a tenant's conversations and messages, and nobody else's."""

from uuid import uuid4

from libs import postgres
from schemas.message_created import MessageCreated
from services.message_store import inbox_store, replies_store
from services.message_store.__main__ import CONSUMES
from tests.conftest import NewPool
from tests.consuming import consume, said
from tests.making import received


async def test_conversations_come_newest_first_and_messages_in_their_order(new_pool: NewPool) -> None:
    pool, tenant = await new_pool("message_store"), uuid4()
    older, newer = received(tenant, "one"), received(tenant, "two", sender="+15550100002")
    newer = newer.model_copy(update={"sent_at": newer.sent_at.replace(year=2027)})
    await consume(pool, "message_store", CONSUMES, older, newer)
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        first, second = await inbox_store.select_conversations(tx, tenant, None, 10)
        [after_first] = await inbox_store.select_conversations(tx, tenant, (first["last_message_at"], first["id"]), 10)
        [message] = await inbox_store.select_messages(tx, tenant, older.conversation_id, 0, 10)
        assert await inbox_store.select_messages(tx, tenant, older.conversation_id, 1, 10) == []
    assert [first["id"], second["id"]] == [newer.conversation_id, older.conversation_id]
    assert (after_first["id"], message["content"]) == (older.conversation_id, "one")


async def test_a_foreign_tenant_finds_nothing_whoever_it_says_it_is(new_pool: NewPool) -> None:
    pool, theirs, mine = await new_pool("message_store"), uuid4(), uuid4()
    event = received(theirs)
    await consume(pool, "message_store", CONSUMES, event)
    [stored] = await said(pool, theirs, MessageCreated)
    async with postgres.tenant_transaction(pool, [mine]) as tx:
        for tenant in (mine, theirs):
            assert await inbox_store.select_conversations(tx, tenant, None, 10) == []
            assert await inbox_store.select_messages(tx, tenant, event.conversation_id, 0, 10) == []
            assert not await inbox_store.conversation_exists(tx, tenant, event.conversation_id)
            assert await replies_store.select_existing(tx, [tenant], [stored.message_id]) == set()
    async with postgres.tenant_transaction(pool, [theirs]) as tx:
        assert await tx.fetchval("select order_session_id from messages") is None
