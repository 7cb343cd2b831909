"""Staff see the inbox of their own distributor, and work through it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from libs import postgres
from libs.auth import Role
from libs.postgres import Pool
from services.message_store.on_message_received import on_messages_received
from tests.conftest import NewPool
from tests.libs.waiting import eventually
from tests.making import NOW, received
from tests.message_store.inbox import PATH, execute, inbox, merge, refusal, write
from tests.serving import Api

OTHER = "+15550100002"
WAITING = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
WRITES = ("read", "archive", "reopen", "link")


@pytest_asyncio.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A fresh database of message_store."""
    return await new_pool("message_store")


@pytest_asyncio.fixture
async def api(pool: Pool, folder: Path) -> AsyncIterator[Api]:
    """The API on a free port."""
    async with inbox(pool, folder) as running:
        yield running


async def listed(api: Api, query: str = "") -> list[str]:
    """The addresses of the conversations that are listed."""
    answer = await api.call("GET", f"{PATH}?{query}", role=Role.OPERATOR)
    assert answer.status == 200, answer.body
    return [each["contact_address"] for each in answer.body["items"]]


async def unread(api: Api, conversation: UUID) -> int:
    return (await api.call("GET", f"{PATH}/{conversation}")).body["unread_count"]


async def test_an_operator_sees_conversations_with_what_was_said_last(api: Api, pool: Pool) -> None:
    [first, _] = await write(pool, api.distributor_id, "one", "x" * 300)
    [other] = await write(pool, api.distributor_id, "two", sender=OTHER)
    await execute(
        pool, api.distributor_id, "update conversations set last_message_at = $2 where id = $1", other.conversation_id, NOW + timedelta(days=1)
    )

    newest, oldest = (await api.call("GET", PATH, role=Role.OPERATOR)).body["items"]

    assert (newest["id"], newest["last_message"]["excerpt"], newest["unread_count"]) == (str(other.conversation_id), "two", 1)
    assert (oldest["id"], oldest["last_message"]["excerpt"], oldest["unread_count"]) == (str(first.conversation_id), "x" * 200, 2)
    assert (oldest["contact_address"], oldest["channel"], oldest["status"], oldest["customer_id"]) == ("+15550100001", "WHATSAPP", "ACTIVE", None)
    assert oldest["window_expires_at"] == "2026-11-23T09:30:00Z"
    assert (await api.call("GET", f"{PATH}/{first.conversation_id}")).body == oldest


async def test_pages_follow_each_other_without_a_repeat_or_a_gap(api: Api, pool: Pool) -> None:
    senders = [f"+1555010{number:04}" for number in range(25)]
    for sender in senders:
        await write(pool, api.distributor_id, "hello", sender=sender)
    seen: list[str] = []
    query = "limit=10"
    sizes: list[int] = []
    while query:
        page = (await api.call("GET", f"{PATH}?{query}")).body
        seen += [each["contact_address"] for each in page["items"]]
        sizes.append(len(page["items"]))
        query = f"limit=10&cursor={page['next']}" if page["next"] else ""
    assert sorted(seen) == senders
    assert sizes == [10, 10, 5]


@pytest.mark.parametrize(
    ("query", "mine", "others"),
    [
        ("channel=SMS", 1, 0),
        ("channel=EMAIL", 0, 0),
        ("status=ARCHIVED", 1, 0),
        ("status=ACTIVE", 0, 1),
        ("unread=true", 0, 1),
        ("unread=false", 1, 0),
        ("needs_link=false", 1, 0),
        ("needs_link=true", 0, 1),
        ("customer_id=00000000-0000-0000-0000-000000000001", 1, 0),
        ("updated_since=2100-01-01T00:00:00Z", 0, 0),
        ("updated_since=2000-01-01T00:00:00%2B02:00", 1, 1),
        ("address=0001", 1, 0),
        ("address=%25", 0, 0),
        ("address=0001&unread=true", 0, 0),
    ],
)
async def test_a_filter_leaves_out_what_was_not_asked_for(api: Api, pool: Pool, query: str, mine: int, others: int) -> None:
    [first] = await write(pool, api.distributor_id, "one")
    await write(pool, api.distributor_id, "two", sender=OTHER)
    await execute(
        pool,
        api.distributor_id,
        "update conversations set channel = 'SMS', status = 'ARCHIVED', unread_count = 0, customer_id = $2 where id = $1",
        first.conversation_id,
        UUID(int=1),
    )
    assert sorted(await listed(api, query)) == ["+15550100001"] * mine + [OTHER] * others


async def test_merged_conversations_are_one(api: Api, pool: Pool) -> None:
    [old] = await write(pool, api.distributor_id, "before", sender=OTHER)
    [main, _] = await write(pool, api.distributor_id, "after", "then")
    await merge(pool, api.distributor_id, old.conversation_id, main.conversation_id)

    [shown] = (await api.call("GET", PATH)).body["items"]

    assert (shown["id"], shown["unread_count"], shown["merged_ids"]) == (str(main.conversation_id), 3, [str(old.conversation_id)])
    assert (await api.call("GET", f"{PATH}/{old.conversation_id}")).body == shown
    assert await listed(api, "address=0002") == ["+15550100001"]
    await execute(pool, api.distributor_id, "update conversations set unread_count = 0 where id = $1", main.conversation_id)
    assert await listed(api, "unread=true") == ["+15550100001"]
    await api.call("POST", f"{PATH}/{old.conversation_id}/archive")
    assert (await api.call("POST", f"{PATH}/{main.conversation_id}/read")).body["unread_count"] == 0
    assert await listed(api, "status=ARCHIVED&unread=false") == ["+15550100001"]


async def test_reading_counts_down_and_never_up(api: Api, pool: Pool) -> None:
    one, two, _ = await write(pool, api.distributor_id, "one", "two", "three")
    path = f"{PATH}/{one.conversation_id}/read"
    answer = await api.call("POST", path, json={"message_id": str(two.message_id)}, role=Role.OPERATOR)
    assert (answer.status, answer.body["unread_count"]) == (200, 1)
    assert (await api.call("POST", path, json={"message_id": str(one.message_id)})).body["unread_count"] == 1
    assert (await api.call("POST", path)).body["unread_count"] == 0


async def test_reading_up_to_a_message_reads_what_came_before_it_in_every_part(api: Api, pool: Pool) -> None:
    [old] = await write(pool, api.distributor_id, "old", sender=OTHER)
    [main] = await write(pool, api.distributor_id, "main")
    [late] = await write(pool, api.distributor_id, "late", sender=OTHER)
    await merge(pool, api.distributor_id, old.conversation_id, main.conversation_id)
    for last, left in ((old, 2), (main, 1), (late, 0)):
        answer = await api.call("POST", f"{PATH}/{main.conversation_id}/read", json={"message_id": str(last.message_id)})
        assert answer.body["unread_count"] == left


async def test_a_message_that_comes_while_another_is_read_stays_unread(api: Api, pool: Pool) -> None:
    [first] = await write(pool, api.distributor_id, "one")
    path = f"{PATH}/{first.conversation_id}/read"
    async with postgres.tenant_transaction(pool, [api.distributor_id]) as tx:
        await on_messages_received([received(api.distributor_id, "two")], tx)
        reading = asyncio.create_task(api.call("POST", path, json={"message_id": str(first.message_id)}))
        async with pool.acquire() as watching:
            await eventually(lambda: watching.fetchval(WAITING))
    assert (await reading).body["unread_count"] == 1


async def test_a_message_of_another_conversation_cannot_be_read_here(api: Api, pool: Pool) -> None:
    [mine] = await write(pool, api.distributor_id, "one")
    [other] = await write(pool, api.distributor_id, "two", sender=OTHER)
    for message in (other.message_id, uuid4()):
        status, detail = await refusal(api, "POST", f"{PATH}/{mine.conversation_id}/read", json={"message_id": str(message)})
        assert (status, detail) == (404, f"there is no message {message} in conversation {mine.conversation_id}")
    assert await unread(api, mine.conversation_id) == 1


async def test_what_is_put_away_comes_back_when_asked_for_or_written_to(api: Api, pool: Pool) -> None:
    [first] = await write(pool, api.distributor_id, "one")
    path = f"{PATH}/{first.conversation_id}"
    for _ in range(2):
        answer = await api.call("POST", f"{path}/archive", role=Role.OPERATOR)
        assert (answer.status, answer.body["status"]) == (200, "ARCHIVED")
    assert (await api.call("POST", f"{path}/reopen", role=Role.OPERATOR)).body["status"] == "ACTIVE"
    await api.call("POST", f"{path}/archive")
    await write(pool, api.distributor_id, "two")
    assert (await api.call("GET", path)).body["status"] == "ACTIVE"


async def test_a_repeated_request_gets_the_same_answer_and_another_one_needs_another_key(api: Api, pool: Pool) -> None:
    [first, last] = await write(pool, api.distributor_id, "one", "two")
    path = f"{PATH}/{first.conversation_id}"
    once, again = [await api.call("POST", f"{path}/read", key="k", json={"message_id": str(first.message_id)}) for _ in range(2)]
    assert (once.body, once.status) == (again.body, again.status)
    assert again.headers["idempotent-replayed"] == "true"
    assert (await refusal(api, "POST", f"{path}/read", key="k", json={"message_id": str(last.message_id)}))[0] == 422
    assert (await refusal(api, "POST", f"{path}/archive", key="k"))[0] == 422
    assert (await refusal(api, "POST", f"{path}/archive", key=""))[0] == 400
    assert (await api.call("GET", path)).body == once.body


@pytest.mark.parametrize("action", [None, *WRITES])
async def test_the_conversation_of_another_tenant_is_not_there(api: Api, pool: Pool, action: str | None) -> None:
    theirs = uuid4()
    [message] = await write(pool, theirs, "secret")
    path = f"{PATH}/{message.conversation_id}" + (f"/{action}" if action else "")
    body: dict[str, Any] | None = {"customer_id": str(uuid4())} if action == "link" else None
    method = "POST" if action else "GET"
    assert (await refusal(api, method, path, json=body))[0] == 404
    assert (await refusal(api, method, path, json=body, role=None))[0] == 401
    assert await listed(api) == []
    [untouched] = (await api.call("GET", PATH, tenant=theirs)).body["items"]
    assert (untouched["unread_count"], untouched["status"], untouched["customer_id"]) == (1, "ACTIVE", None)


async def test_an_operator_cannot_say_whose_contact_a_sender_is(api: Api, pool: Pool) -> None:
    [message] = await write(pool, api.distributor_id, "one")
    answer = await refusal(api, "POST", f"{PATH}/{message.conversation_id}/link", role=Role.OPERATOR, json={"customer_id": str(uuid4())})
    assert answer == (403, "this needs the role MANAGER; yours is OPERATOR")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("cursor=nonsense", 400),
        ("cursor=%C3%BC", 400),
        ("cursor=", 422),
        (f"cursor={'a' * 201}", 422),
        ("limit=0", 422),
        ("limit=201", 422),
        ("channel=FAX", 422),
        ("updated_since=2026-01-01T00:00:00", 422),
        ("updated_since=0001-01-01T00:00:00%2B14:00", 422),
        (f"address={'1' * 321}", 422),
        ("address=%00", 422),
    ],
)
async def test_what_cannot_be_asked_is_said_to_be_wrong(api: Api, query: str, status: int) -> None:
    assert (await refusal(api, "GET", f"{PATH}?{query}"))[0] == status


async def test_customers_of_other_channels_are_told_no_window(api: Api, pool: Pool) -> None:
    [first] = await write(pool, api.distributor_id, "one")
    await execute(pool, api.distributor_id, "update conversations set channel = 'EMAIL' where id = $1", first.conversation_id)
    assert (await api.call("GET", f"{PATH}/{first.conversation_id}")).body["window_expires_at"] is None
