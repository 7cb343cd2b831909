"""Staff say whose contact an unknown sender is."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest_asyncio

from libs.auth import Role
from libs.postgres import Pool
from schemas.contact import Channel, conversation_id
from schemas.contact_linked import ContactLinked
from tests.conftest import NewPool
from tests.consuming import said
from tests.making import NOW
from tests.message_store.inbox import PATH, execute, inbox, refusal, write
from tests.serving import Api


@pytest_asyncio.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A fresh database of message_store."""
    return await new_pool("message_store")


@pytest_asyncio.fixture
async def api(pool: Pool, folder: Path) -> AsyncIterator[Api]:
    """The API on a free port."""
    async with inbox(pool, folder) as running:
        yield running


async def test_a_linked_sender_is_shown_with_their_customer_and_told_once(api: Api, pool: Pool) -> None:
    tenant, customer = api.distributor_id, uuid4()
    await execute(pool, tenant, "insert into customers (distributor_id, id, as_of) values ($1, $2, $3)", tenant, customer, NOW)
    [message] = await write(pool, tenant, "Hello, it is Mario")
    path = f"{PATH}/{message.conversation_id}/link"

    once, again = [await api.call("POST", path, key="k", role=Role.MANAGER, json={"customer_id": str(customer)}) for _ in range(2)]

    assert (once.status, once.body) == (again.status, again.body)
    assert (once.status, once.body["customer_id"]) == (200, str(customer))
    assert once.body["id"] == str(conversation_id(tenant, Channel.WHATSAPP, customer))
    assert (once.body["merged_ids"], once.body["last_message"]["excerpt"]) == ([str(message.conversation_id)], "Hello, it is Mario")
    assert (once.body["contact_address"], once.body["unread_count"], once.body["status"]) == ("+15550100001", 1, "ACTIVE")
    assert (await api.call("GET", f"{PATH}?needs_link=true")).body["items"] == []
    [shown] = (await api.call("GET", f"{PATH}/{once.body['id']}/messages")).body["items"]
    assert (shown["id"], shown["conversation_id"]) == (str(message.message_id), str(message.conversation_id))
    [linked] = await said(pool, tenant, ContactLinked)
    assert (linked.customer_id, linked.address) == (customer, "+15550100001")


async def test_a_linked_customer_is_answered_where_they_write(api: Api, pool: Pool) -> None:
    tenant, customer = api.distributor_id, uuid4()
    await execute(pool, tenant, "insert into customers (distributor_id, id, as_of) values ($1, $2, $3)", tenant, customer, NOW)
    [message] = await write(pool, tenant, "Hello")
    await api.call("POST", f"{PATH}/{message.conversation_id}/link", json={"customer_id": str(customer)})
    answer = await api.call(
        "POST", f"{PATH}/{message.conversation_id}/messages", json={"content": "Welcome", "reply_to_message_id": str(message.message_id)}
    )
    assert (answer.status, answer.body["reply_to_message_id"]) == (201, str(message.message_id))
    both = (await api.call("GET", f"{PATH}/{message.conversation_id}/messages?limit=1")).body
    assert [each["content"] for each in both["items"]] == ["Welcome"]
    earlier = (await api.call("GET", f"{PATH}/{message.conversation_id}/messages?before={both['previous']}")).body
    assert [each["content"] for each in earlier["items"]] == ["Hello"]


async def test_nobody_is_linked_to_a_customer_that_is_not_there(api: Api, pool: Pool) -> None:
    theirs, customer = uuid4(), uuid4()
    await execute(pool, theirs, "insert into customers (distributor_id, id, as_of) values ($1, $2, $3)", theirs, customer, NOW)
    [message] = await write(pool, api.distributor_id, "Hello")
    for unknown in (customer, uuid4()):
        assert (await refusal(api, "POST", f"{PATH}/{message.conversation_id}/link", json={"customer_id": str(unknown)}))[0] == 404
    assert (await refusal(api, "POST", f"{PATH}/{message.conversation_id}/link", json={"customer_id": "nobody"}))[0] == 422
    assert (await api.call("GET", f"{PATH}/{message.conversation_id}")).body["customer_id"] is None
