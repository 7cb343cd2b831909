"""What customers wrote is stored, once, in its place, and told."""

from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from libs import postgres
from libs.postgres import Pool
from schemas.attachment import Attachment
from schemas.contact import Channel, Sender, contact_id, conversation_id
from schemas.message import CartItem, MessageParts, MessageStatus, MessageType
from schemas.message_received import MessageReceived
from services.message_store import received_store
from tests.conftest import NewPool
from tests.consuming import arrived, said
from tests.making import INTEGRATION, NOW, received
from tests.message_store.conversations import MARIA, conversations, message, own, places, reply, rows, status, take, told

LATER = NOW + timedelta(hours=1)


@pytest_asyncio.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A fresh database of message_store."""
    return await new_pool("message_store")


async def test_a_message_is_stored_in_its_conversation_and_told(pool: Pool) -> None:
    tenant = uuid4()
    event = received(tenant, "3 cs whole milk", external_conversation_id="thread-1")
    await take(pool, event)
    [created] = await told(pool, tenant)
    assert (created.conversation_id, created.thread_position, created.content) == (event.conversation_id, 1, "3 cs whole milk")
    assert (created.is_from_customer, created.contact_id, created.external_message_id) == (True, event.contact_id, event.external_message_id)
    conversation = (await conversations(pool, tenant))[event.conversation_id]
    assert (conversation["unread_count"], conversation["last_thread_position"], conversation["status"]) == (1, 1, "ACTIVE")
    assert (conversation["last_message_at"], conversation["window_expires_at"]) == (NOW, NOW + timedelta(hours=24))
    assert (conversation["external_thread_id"], conversation["integration_id"]) == ("thread-1", INTEGRATION)
    stored = await message(pool, tenant, created.message_id)
    assert (stored["direction"], stored["status"], stored["sender_contact_id"]) == ("INBOUND", "RECEIVED", event.contact_id)


async def test_everything_that_a_message_holds_is_kept_and_told(pool: Pool) -> None:
    tenant = uuid4()
    parts = MessageParts(subject="Order", choice_id="yes", cart=(CartItem.model_validate({"sku": "MILK", "quantity": "2"}),))
    photo = Attachment(external_id="media-1", mime_type="image/jpeg")
    await take(pool, received(tenant, "", parts=parts, attachments=(photo,), message_type=MessageType.IMAGE, external_metadata={"forwarded": True}))
    [created] = await told(pool, tenant)
    assert (created.parts, created.attachments, created.message_type) == (parts, (photo,), MessageType.IMAGE)
    stored = await message(pool, tenant, created.message_id)
    assert (stored["parts"]["subject"], stored["attachments"][0]["external_id"]) == ("Order", "media-1")
    assert (stored["message_type"], stored["external_metadata"]) == ("IMAGE", {"forwarded": True})
    [queued] = await rows(pool, tenant, "select message_id, state, external_id from message_attachments")
    assert (queued["message_id"], queued["state"], queued["external_id"]) == (created.message_id, "PENDING", "media-1")


async def test_a_redelivered_event_changes_nothing(pool: Pool) -> None:
    tenant = uuid4()
    event = received(tenant, attachments=(Attachment(external_id="media-1"),))
    await take(pool, event)
    before = await conversations(pool, tenant)
    await take(pool, event)
    await take(pool, event, event)
    assert await conversations(pool, tenant) == before
    assert len(await said(pool, tenant)) == len(await rows(pool, tenant, "select * from message_attachments")) == 1
    assert await places(pool, tenant, own(tenant)) == [1]


async def test_the_same_message_in_another_event_is_stored_once(pool: Pool) -> None:
    tenant = uuid4()
    event = received(tenant, external_id="wamid.same")
    again = arrived(event.model_copy())
    await take(pool, event, again)
    await take(pool, arrived(event.model_copy()))
    assert await places(pool, tenant, own(tenant)) == [1]
    assert len(await said(pool, tenant)) == 1


async def test_positions_stay_gapless_over_batches_duplicates_and_conversations(pool: Pool) -> None:
    tenant = uuid4()
    first = [received(tenant, f"first {n}") for n in range(5)]
    other = [received(tenant, f"other {n}", sender=MARIA) for n in range(3)]
    await take(pool, first[0], other[0], first[1], first[0], other[1])
    await take(pool, first[1], first[2], other[2], first[3], first[4])
    created = await told(pool, tenant)
    for conversation in {event.conversation_id for event in (*first, *other)}:
        mine = [event for event in created if event.conversation_id == conversation]
        assert [event.thread_position for event in mine] == list(range(1, len(mine) + 1))
    assert [event.content for event in created if event.address == "+15550100001"] == [f"first {n}" for n in range(5)]


async def test_a_message_brings_its_conversation_back_into_the_inbox(pool: Pool) -> None:
    tenant = uuid4()
    await take(pool, received(tenant))
    await rows(pool, tenant, "update conversations set status = 'ARCHIVED', unread_count = 0")
    await take(pool, received(tenant, sent_at=LATER))
    conversation = (await conversations(pool, tenant))[own(tenant)]
    assert (conversation["status"], conversation["unread_count"], conversation["last_message_at"]) == ("ACTIVE", 1, LATER)


async def test_a_message_that_was_sent_earlier_does_not_turn_the_clock_back(pool: Pool) -> None:
    tenant = uuid4()
    await take(pool, received(tenant, sent_at=LATER))
    await take(pool, received(tenant, sent_at=NOW))
    conversation = (await conversations(pool, tenant))[own(tenant)]
    assert (conversation["last_message_at"], conversation["window_expires_at"]) == (LATER, LATER + timedelta(hours=24))


async def test_only_whatsapp_has_a_window(pool: Pool) -> None:
    tenant, address = uuid4(), "chef@bistro.example.com"
    contact = contact_id(tenant, Channel.EMAIL, address)
    sender = {"channel": Channel.EMAIL, "sender": Sender(address=address), "conversation_id": conversation_id(tenant, Channel.EMAIL, contact)}
    await take(pool, arrived(MessageReceived.model_validate(received(tenant).model_dump() | sender)))
    [conversation] = (await conversations(pool, tenant)).values()
    assert (conversation["channel"], conversation["contact_id"], conversation["window_expires_at"]) == ("EMAIL", contact, None)


async def test_a_message_names_the_one_that_it_answers(pool: Pool) -> None:
    tenant = uuid4()
    asked = received(tenant, "3 cs", external_id="wamid.1")
    await take(pool, asked, received(tenant, "of these", reply_to_external_id="wamid.1"))
    await take(pool, received(tenant, "and of these", reply_to_external_id="wamid.1"), received(tenant, "of what?", reply_to_external_id="wamid.9"))
    created = await told(pool, tenant)
    first = created[0].message_id
    assert [each.reply_to_message_id for each in created] == [None, first, first, None]


async def test_an_answer_to_ours_is_linked_whichever_comes_first(pool: Pool) -> None:
    tenant = uuid4()
    await take(pool, received(tenant))
    await take(pool, reply(tenant, own(tenant)))
    ours = (await told(pool, tenant))[-1]
    await take(pool, received(tenant, "yes", reply_to_external_id="wamid.out"))
    await take(pool, status(ours, MessageStatus.SENT, "wamid.out"))
    await take(pool, received(tenant, "yes!", reply_to_external_id="wamid.out"))
    before, after = (await told(pool, tenant))[-2:]
    assert (before.reply_to_message_id, after.reply_to_message_id) == (None, ours.message_id)
    assert (await message(pool, tenant, before.message_id))["reply_to_message_id"] == ours.message_id


async def test_two_tenants_with_the_same_provider_ids_do_not_meet(pool: Pool) -> None:
    mine, theirs = uuid4(), uuid4()
    await take(pool, received(mine, "mine", external_id="wamid.1"), received(theirs, "theirs", external_id="wamid.1"))
    await take(pool, received(mine, "quotes", reply_to_external_id="wamid.1"))
    assert [event.content for event in await told(pool, mine)] == ["mine", "quotes"]
    assert [event.content for event in await told(pool, theirs)] == ["theirs"]
    assert (await told(pool, mine))[1].reply_to_message_id == (await told(pool, mine))[0].message_id


async def test_nothing_is_stored_for_a_foreign_tenant(pool: Pool) -> None:
    mine, theirs = uuid4(), uuid4()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with postgres.tenant_transaction(pool, [mine]) as tx:
            await received_store.insert_received(tx, [received(theirs)])
    assert await conversations(pool, theirs) == {}
