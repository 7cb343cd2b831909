"""What staff write is stored in its place, and sent once."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from libs.auth import Role
from libs.postgres import Pool
from schemas.message_created import MessageCreated
from tests.conftest import NewPool
from tests.consuming import said
from tests.making import INTEGRATION
from tests.message_store.inbox import PATH, execute, inbox, merge, refusal, write
from tests.serving import Answer, Api

OTHER = "+15550100002"


@pytest_asyncio.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A fresh database of message_store."""
    return await new_pool("message_store")


@pytest_asyncio.fixture
async def api(pool: Pool, folder: Path) -> AsyncIterator[Api]:
    """The API on a free port."""
    async with inbox(pool, folder) as running:
        yield running


async def reply(api: Api, conversation: UUID, content: str = "Tomorrow at 7", key: str | None = None, **more: Any) -> Answer:
    return await api.call("POST", f"{PATH}/{conversation}/messages", role=Role.OPERATOR, key=key, json={"content": content, **more})


async def told(pool: Pool, tenant: UUID) -> list[MessageCreated]:
    """What is to be sent."""
    return [event for event in await said(pool, tenant, MessageCreated) if not event.is_from_customer]


async def test_a_reply_takes_the_next_place_and_is_told_with_its_address(api: Api, pool: Pool) -> None:
    [theirs] = await write(pool, api.distributor_id, "When do you come?")
    answer = await reply(api, theirs.conversation_id, "  Tomorrow at 7 ", reply_to_message_id=str(theirs.message_id))
    assert answer.status == 201
    assert (answer.body["content"], answer.body["status"], answer.body["thread_position"]) == ("Tomorrow at 7", "QUEUED", 2)
    assert answer.body["reply_to_message_id"] == str(theirs.message_id)
    [ours] = await told(pool, api.distributor_id)
    assert (str(ours.message_id), ours.content, ours.thread_position) == (answer.body["id"], "Tomorrow at 7", 2)
    assert (ours.address, ours.integration_id, ours.channel_account) == ("+15550100001", INTEGRATION, "15550001001")
    assert ours.reply_to_message_id == theirs.message_id
    shown = (await api.call("GET", f"/v1/messages/{ours.message_id}")).body
    assert {name: answer.body[name] for name in shown} == shown | {"revisions": None}


async def test_a_repeated_request_is_sent_once(api: Api, pool: Pool) -> None:
    [theirs] = await write(pool, api.distributor_id, "one")
    once, again = [await reply(api, theirs.conversation_id, key="k") for _ in range(2)]
    assert (once.status, once.body) == (again.status, again.body)
    assert again.headers["idempotent-replayed"] == "true"
    assert (await reply(api, theirs.conversation_id, "Other", key="k")).status == 422
    assert (await reply(api, theirs.conversation_id, key="")).status == 400
    assert len(await told(pool, api.distributor_id)) == 1


async def test_the_answer_says_whether_the_window_is_open(api: Api, pool: Pool) -> None:
    [theirs] = await write(pool, api.distributor_id, "one")
    update = "update conversations set window_expires_at = $2, channel = $3 where id = $1"
    now = datetime.now(UTC)
    for channel, expires, is_open in (("WHATSAPP", now + timedelta(hours=1), True), ("WHATSAPP", now, False), ("EMAIL", now, True)):
        await execute(pool, api.distributor_id, update, theirs.conversation_id, expires, channel)
        answer = await reply(api, theirs.conversation_id)
        assert (answer.status, answer.body["window_open"]) == (201, is_open)
        assert (answer.body["window_expires_at"] is None) == (channel == "EMAIL")


async def test_a_reply_in_a_merged_conversation_goes_where_the_customer_writes_now(api: Api, pool: Pool) -> None:
    [old] = await write(pool, api.distributor_id, "old", sender=OTHER)
    [main] = await write(pool, api.distributor_id, "main")
    await merge(pool, api.distributor_id, old.conversation_id, main.conversation_id)
    answer = await reply(api, old.conversation_id, reply_to_message_id=str(old.message_id))
    assert (answer.body["conversation_id"], answer.body["reply_to_message_id"]) == (str(main.conversation_id), str(old.message_id))
    [ours] = await told(pool, api.distributor_id)
    assert (ours.conversation_id, ours.address, ours.thread_position) == (main.conversation_id, "+15550100001", 2)


async def test_without_an_address_there_is_nowhere_to_send_it(api: Api, pool: Pool) -> None:
    [theirs] = await write(pool, api.distributor_id, "one")
    await execute(pool, api.distributor_id, "update conversations set contact_address = '' where id = $1", theirs.conversation_id)
    answer = await reply(api, theirs.conversation_id)
    assert answer.status == 409
    assert answer.body["detail"].endswith("has no address any more; write to the customer over another channel")
    assert await told(pool, api.distributor_id) == []


@pytest.mark.parametrize(("channel", "longest"), [("WHATSAPP", 4_096), ("SMS", 1_600), ("EMAIL", 20_000)])
async def test_a_text_is_as_long_as_its_channel_carries(api: Api, pool: Pool, channel: str, longest: int) -> None:
    [theirs] = await write(pool, api.distributor_id, "one")
    await execute(pool, api.distributor_id, "update conversations set channel = $2 where id = $1", theirs.conversation_id, channel)
    assert (await reply(api, theirs.conversation_id, "x" * longest)).status == 201
    assert (await reply(api, theirs.conversation_id, "x" * (longest + 1))).status == 422
    assert len(await told(pool, api.distributor_id)) == 1


@pytest.mark.parametrize("body", [{}, {"content": ""}, {"content": " \n"}, {"content": 7}, {"content": "\x00"}, {"content": "\ud800"}, []])
async def test_what_says_nothing_is_not_sent(api: Api, pool: Pool, body: object) -> None:
    [theirs] = await write(pool, api.distributor_id, "one")
    assert (await refusal(api, "POST", f"{PATH}/{theirs.conversation_id}/messages", json=body))[0] == 422
    assert await told(pool, api.distributor_id) == []


async def test_a_message_of_another_conversation_cannot_be_answered_here(api: Api, pool: Pool) -> None:
    [mine] = await write(pool, api.distributor_id, "one")
    [other] = await write(pool, api.distributor_id, "two", sender=OTHER)
    [foreign] = await write(pool, uuid4(), "three")
    for message in (other, foreign):
        assert (await reply(api, mine.conversation_id, reply_to_message_id=str(message.message_id))).status == 404
    assert await told(pool, api.distributor_id) == []


async def test_nobody_writes_to_the_customer_of_another_tenant(api: Api, pool: Pool) -> None:
    theirs = uuid4()
    [message] = await write(pool, theirs, "one")
    assert (await reply(api, message.conversation_id)).status == 404
    assert (await api.call("POST", f"{PATH}/{message.conversation_id}/messages", role=None, json={"content": "x"})).status == 401
    assert await told(pool, theirs) == []
