"""What we answer takes its place, and goes to whoever it answers."""

from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio

from libs import postgres
from libs.postgres import Pool
from services.message_store import replies_store
from services.message_store.on_reply_requested import ConversationUnknown
from services.message_store.replies_store import Reply
from tests.conftest import NewPool
from tests.consuming import arrived, said
from tests.making import INTEGRATION, NOW, customer, distributor, received
from tests.message_store.conversations import JONAH, MARIA, conversations, message, of_customer, own, places, reply, rows, take, told

LATER = NOW + timedelta(minutes=1)


@pytest_asyncio.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A fresh database of message_store."""
    return await new_pool("message_store")


async def test_a_reply_takes_the_next_place_and_names_where_it_goes(pool: Pool) -> None:
    tenant = uuid4()
    await take(pool, received(tenant))
    answer = reply(tenant, own(tenant))
    await take(pool, answer)
    await take(pool, arrived(answer.model_copy()))
    _, ours = await told(pool, tenant)
    assert (ours.message_id, ours.thread_position, ours.is_from_customer) == (answer.reply_id, 2, False)
    assert (ours.address, ours.integration_id, ours.channel_account) == (JONAH, INTEGRATION, "15550001001")
    stored = await message(pool, tenant, ours.message_id)
    assert (stored["direction"], stored["status"], stored["sender_contact_id"]) == ("OUTBOUND", "QUEUED", None)
    assert (await conversations(pool, tenant))[own(tenant)]["unread_count"] == 1, "what we say ourselves is not unread"


async def test_two_replies_in_a_batch_keep_their_order(pool: Pool) -> None:
    tenant = uuid4()
    await take(pool, received(tenant), reply(tenant, own(tenant), "one"), reply(tenant, own(tenant), "two"))
    created = await told(pool, tenant)
    assert [(each.content, each.thread_position) for each in created[1:]] == [("one", 2), ("two", 3)]


async def test_a_reply_goes_to_whoever_wrote_what_it_answers_though_others_wrote_since(pool: Pool) -> None:
    tenant, mario, second_number = uuid4(), uuid4(), uuid4()
    await take(pool, customer(tenant, mario, JONAH, MARIA), received(tenant, "3 cs milk", customer_id=mario))
    asked = (await told(pool, tenant))[0]
    by_maria = received(tenant, sender=MARIA, customer_id=mario, sent_at=LATER)
    await take(pool, arrived(by_maria.model_copy(update={"integration_id": second_number, "channel_account": "15550002002"})))

    await take(pool, reply(tenant, of_customer(tenant, mario), answers=asked.message_id), reply(tenant, of_customer(tenant, mario)))

    first, second = (await told(pool, tenant))[-2:]
    assert (first.address, first.contact_id, first.reply_to_message_id) == (JONAH, asked.contact_id, asked.message_id)
    assert (first.integration_id, first.channel_account) == (INTEGRATION, None)
    assert (second.address, second.integration_id, second.channel_account) == (MARIA, second_number, "15550002002")


async def test_a_reply_to_a_message_that_is_not_there_is_sent_all_the_same(pool: Pool) -> None:
    tenant = uuid4()
    await take(pool, received(tenant), reply(tenant, own(tenant), answers=uuid4()))
    assert (await told(pool, tenant))[-1].reply_to_message_id is None


async def test_a_reply_is_found_by_its_words_in_the_customers_language(pool: Pool) -> None:
    tenant, mario = uuid4(), uuid4()
    await take(pool, distributor(tenant, locale="de-AT"), customer(tenant, mario, JONAH, language="es"))
    await take(pool, received(tenant, customer_id=mario), received(tenant, sender=MARIA))
    await take(pool, reply(tenant, of_customer(tenant, mario)), reply(tenant, own(tenant, MARIA)))
    assert [(await message(pool, tenant, each.message_id))["language"] for each in (await told(pool, tenant))[-2:]] == ["es", "de-AT"]


async def test_a_reply_to_nobody_is_refused(pool: Pool) -> None:
    with pytest.raises(ConversationUnknown):
        await take(pool, reply(uuid4(), uuid4()))


async def test_a_reply_in_the_conversation_of_another_tenant_is_refused(pool: Pool) -> None:
    mine, theirs = uuid4(), uuid4()
    await take(pool, received(theirs))
    with pytest.raises(ConversationUnknown):
        await take(pool, reply(mine, own(theirs)))
    async with postgres.tenant_transaction(pool, [mine]) as tx:
        foreign = Reply(distributor_id=theirs, conversation_id=own(theirs), reply_id=uuid4(), content="hello", sent_at=NOW)
        assert await replies_store.insert_replies(tx, [foreign]) == {}
        [stored] = await told(pool, theirs)
        for tenant in (mine, theirs):
            assert await replies_store.select_existing(tx, [tenant], [stored.message_id]) == set()
    assert await places(pool, theirs, own(theirs)) == [1]
    assert len(await said(pool, theirs)) == 1


async def test_a_reply_quotes_no_message_of_another_tenant(pool: Pool) -> None:
    mine, theirs = uuid4(), uuid4()
    await take(pool, received(mine), received(theirs))
    [foreign] = await told(pool, theirs)
    await take(pool, reply(mine, own(mine), answers=foreign.message_id))
    [stored] = await rows(pool, mine, "select reply_to_message_id from messages where not is_from_customer")
    assert stored["reply_to_message_id"] is None
