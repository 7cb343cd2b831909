"""Staff read a conversation page by page, in whatever direction."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from libs.auth import Role
from libs.postgres import Pool
from tests.conftest import NewPool
from tests.making import NOW
from tests.message_store.inbox import PATH, execute, inbox, merge, refusal, write
from tests.message_store.media import message_with, whatsapp
from tests.serving import Api

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


async def page(api: Api, conversation: UUID, **query: Any) -> dict[str, Any]:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    answer = await api.call("GET", f"{PATH}/{conversation}/messages?{asked}", role=Role.OPERATOR)
    assert answer.status == 200, answer.body
    return answer.body


def texts(shown: dict[str, Any]) -> list[str]:
    return [each["content"] for each in shown["items"]]


async def forwards(api: Api, conversation: UUID, limit: int) -> list[str]:
    """All messages from the first one on."""
    seen, after = list[str](), "start"
    while after:
        shown = await page(api, conversation, after=after, limit=limit)
        seen, after = seen + texts(shown), shown["next"]
    return seen


async def backwards(api: Api, conversation: UUID, limit: int) -> list[str]:
    """All messages from the last one on, put into order of time."""
    shown = await page(api, conversation, limit=limit)
    seen = texts(shown)
    while shown["previous"]:
        shown = await page(api, conversation, before=shown["previous"], limit=limit)
        seen = texts(shown) + seen
    return seen


async def fill(pool: Pool, tenant: UUID, sender: str, count: int) -> UUID:
    """Store many messages of a sender at once: every other second one of them, beginning with their first."""
    [first] = await write(pool, tenant, f"{sender} 1", sender=sender)
    await execute(pool, tenant, "update messages set created_at = $2 where conversation_id = $1", first.conversation_id, NOW)
    await execute(
        pool,
        tenant,
        """
        insert into messages (distributor_id, conversation_id, content, is_from_customer, status, thread_position, sent_at, created_at)
        select $1, $2, $3 || ' ' || place, true, 'RECEIVED', place, $4, $4::timestamptz + make_interval(secs => 2 * place)
          from generate_series(2, $5::integer) as place
        """,
        tenant,
        first.conversation_id,
        sender,
        NOW,
        count,
    )
    await execute(pool, tenant, "update conversations set last_thread_position = $2 where id = $1", first.conversation_id, count)
    return first.conversation_id


async def test_the_last_messages_come_first_and_lead_both_ways(api: Api, pool: Pool) -> None:
    [first, *_] = await write(pool, api.distributor_id, "1", "2", "3", "4", "5")
    last = await page(api, first.conversation_id, limit=2)
    assert (texts(last), last["next"]) == (["4", "5"], None)
    middle = await page(api, first.conversation_id, limit=2, before=last["previous"])
    beginning = await page(api, first.conversation_id, limit=2, before=middle["previous"])
    assert (texts(middle), texts(beginning), beginning["previous"]) == (["2", "3"], ["1"], None)
    assert await page(api, first.conversation_id, limit=2, after=middle["next"]) == last
    start = await page(api, first.conversation_id, limit=2, after="start")
    assert (texts(start), start["previous"]) == (["1", "2"], None)


async def test_whoever_waits_is_shown_what_came_since(api: Api, pool: Pool) -> None:
    [first] = await write(pool, api.distributor_id, "1")
    shown = await page(api, first.conversation_id)
    nothing = await page(api, first.conversation_id, after=shown["end"])
    assert (nothing["items"], nothing["next"], nothing["end"]) == ([], None, shown["end"])
    await write(pool, api.distributor_id, "2")
    assert texts(await page(api, first.conversation_id, after=nothing["end"])) == ["2"]


async def test_ten_thousand_messages_are_paged_without_a_repeat_or_a_gap_while_new_ones_come(api: Api, pool: Pool) -> None:
    tenant = api.distributor_id
    conversation = await fill(pool, tenant, OTHER, 10_000)
    expected = [f"{OTHER} {place}" for place in range(1, 10_001)]
    last = await page(api, conversation, limit=200)
    back, ahead = texts(last), list[str]()
    before, after, number = last["previous"], "start", 10_000
    while after:
        number += 1
        await write(pool, tenant, f"{OTHER} {number}", sender=OTHER)
        shown = await page(api, conversation, after=after, limit=200)
        ahead, after = ahead + texts(shown), shown["next"]
        if before:
            shown = await page(api, conversation, before=before, limit=200)
            back, before = texts(shown) + back, shown["previous"]
    assert before is None
    assert back == expected
    assert ahead == [*expected, *(f"{OTHER} {place}" for place in range(10_001, number + 1))]


@pytest.mark.parametrize("limit", [1, 3, 200])
async def test_the_messages_of_merged_conversations_come_in_order_of_time(api: Api, pool: Pool, limit: int) -> None:
    tenant = api.distributor_id
    parts = [await fill(pool, tenant, sender, 12) for sender in (OTHER, "+15550100003", "+15550100004")]
    for number, part in enumerate(parts[1:], 1):
        await execute(
            pool, tenant, "update messages set created_at = created_at + $2 where conversation_id = $1", part, timedelta(seconds=5 * number)
        )
        await merge(pool, tenant, part, parts[0])
    seen = await forwards(api, parts[0], limit)
    whole = await page(api, parts[0], limit=200)
    moments = [each["created_at"] for each in whole["items"]]
    assert moments == sorted(moments)
    assert len(set(seen)) == 36
    assert seen == texts(whole) == await backwards(api, parts[2], limit)


async def test_a_clock_that_was_set_back_hides_nothing(api: Api, pool: Pool) -> None:
    tenant = api.distributor_id
    main, old = await fill(pool, tenant, OTHER, 10), await fill(pool, tenant, "+15550100003", 10)
    await execute(
        pool, tenant, "update messages set created_at = created_at - interval '1 hour' where thread_position > 5 and conversation_id = $1", main
    )
    await merge(pool, tenant, old, main)
    for seen in (await forwards(api, main, 3), await backwards(api, main, 3)):
        assert [each for each in seen if each.startswith(OTHER)] == [f"{OTHER} {place}" for place in range(1, 11)]
        assert len(seen) == len(set(seen)) == 20


async def test_what_is_merged_while_somebody_pages_is_shown_whole(api: Api, pool: Pool) -> None:
    tenant = api.distributor_id
    main, old = await fill(pool, tenant, OTHER, 4), await fill(pool, tenant, "+15550100003", 3)
    begun, last = await page(api, main, after="start", limit=2), await page(api, main, limit=2)
    await merge(pool, tenant, old, main)
    ahead = texts(await page(api, main, after=begun["next"]))
    back = texts(await page(api, main, before=last["previous"]))
    for seen, shown in ((ahead, begun), (back, last)):
        assert sorted(seen + texts(shown)) == sorted(
            [f"{OTHER} {place}" for place in range(1, 5)] + [f"+15550100003 {place}" for place in range(1, 4)]
        )


async def test_messages_show_their_files_and_what_was_understood(api: Api, pool: Pool) -> None:
    message = await message_with(pool, api.distributor_id, whatsapp(), whatsapp("photo.jpg", "image/jpeg"))
    await execute(
        pool,
        api.distributor_id,
        """
        update messages set ai_processed = true, ai_confidence = 0.9, ai_extracted_intent = 'order', ai_extracted_products = $2,
                            ai_suggested_responses = $3, order_session_id = $4, parts = $5
         where id = $1
        """,
        message.message_id,
        [{"operation": "add", "quantity": "3.000", "product": "milk", "confidence": "1.000"}],
        ["On its way"],
        UUID(int=7),
        {"subject": "Order"},
    )
    [shown] = (await page(api, message.conversation_id))["items"]
    assert [(each["filename"], each["kind"], each["state"]) for each in shown["attachments"]] == [
        ("order.xlsx", "DOCUMENT", "PENDING"),
        ("photo.jpg", "IMAGE", "PENDING"),
    ]
    assert (shown["ai_extracted_intent"], shown["ai_confidence"], shown["ai_suggested_responses"]) == ("order", "0.900", ["On its way"])
    [product] = shown["ai_extracted_products"]
    assert (product["quantity"], product["product"], shown["order_session_id"]) == ("3.000", "milk", str(UUID(int=7)))
    assert (shown["parts"]["subject"], shown["direction"], shown["status"], shown["revisions"]) == ("Order", "INBOUND", "RECEIVED", None)
    whole = (await api.call("GET", f"/v1/messages/{message.message_id}", role=Role.OPERATOR)).body
    assert whole == shown | {"revisions": []}


async def test_what_a_changed_message_said_is_shown_on_request(api: Api, pool: Pool) -> None:
    tenant = api.distributor_id
    [message] = await write(pool, tenant, "4 cs")
    insert = "insert into message_revisions (distributor_id, message_id, content, amended_at) values ($1, $2, $3, $4)"
    for content, amended_at in (("4 cs", NOW), (None, NOW + timedelta(seconds=1)), ("3 cs", None)):
        await execute(pool, tenant, insert, tenant, message.message_id, content, amended_at)
    [shown] = (await page(api, message.conversation_id, revisions="true"))["items"]
    assert [each["content"] for each in shown["revisions"]] == ["3 cs", "4 cs", None]
    assert (await api.call("GET", f"/v1/messages/{message.message_id}")).body == shown
    assert (await page(api, message.conversation_id))["items"][0]["revisions"] is None


async def test_the_messages_of_another_tenant_are_not_there(api: Api, pool: Pool) -> None:
    [theirs] = await write(pool, uuid4(), "secret")
    for path in (f"{PATH}/{theirs.conversation_id}/messages", f"/v1/messages/{theirs.message_id}"):
        assert (await refusal(api, "GET", path))[0] == 404
        assert (await refusal(api, "GET", path, role=None))[0] == 401


async def test_a_cursor_shows_no_part_of_another_conversation(api: Api, pool: Pool) -> None:
    [mine] = await write(pool, api.distributor_id, "mine")
    [other] = await write(pool, api.distributor_id, "other", sender=OTHER)
    end = (await page(api, other.conversation_id))["end"]
    assert texts(await page(api, mine.conversation_id, before=end)) == ["mine"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("after=nonsense", 400),
        ("before=start", 400),
        (f"after={'a' * 2_501}", 422),
        ("after=start&before=start", 422),
        ("limit=0", 422),
        ("limit=201", 422),
        ("revisions=perhaps", 422),
    ],
)
async def test_what_cannot_be_asked_is_said_to_be_wrong(api: Api, pool: Pool, query: str, status: int) -> None:
    [mine] = await write(pool, api.distributor_id, "mine")
    assert (await refusal(api, "GET", f"{PATH}/{mine.conversation_id}/messages?{query}"))[0] == status


async def test_the_cursor_of_another_list_is_refused(api: Api, pool: Pool) -> None:
    [mine] = await write(pool, api.distributor_id, "mine")
    end = (await page(api, mine.conversation_id))["end"]
    status, detail = await refusal(api, "GET", f"{PATH}?cursor={end}")
    assert (status, detail) == (400, "this cursor is not one of this list; begin without one")
