"""Staff find messages by their words, in the language that each was written in."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from libs.auth import Role
from libs.postgres import Pool
from tests.conftest import NewPool
from tests.message_store.inbox import execute, inbox, refusal, write
from tests.serving import Api

PATH = "/v1/messages/search"


@pytest_asyncio.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A fresh database of message_store."""
    return await new_pool("message_store")


@pytest_asyncio.fixture
async def api(pool: Pool, folder: Path) -> AsyncIterator[Api]:
    """The API on a free port."""
    async with inbox(pool, folder) as running:
        yield running


async def written(pool: Pool, tenant: UUID, language: str, *texts: str) -> list[UUID]:
    """Let a customer write in a language; each text is analyzed."""
    messages = await write(pool, tenant, *texts)
    ids = [message.message_id for message in messages]
    await execute(pool, tenant, "update messages set ai_processed = true, language = $2 where id = any($1)", ids, language)
    return ids


async def found(api: Api, words: str) -> list[str]:
    answer = await api.call("GET", f"{PATH}?q={quote(words)}", role=Role.OPERATOR)
    assert answer.status == 200, answer.body
    return [each["snippet"] for each in answer.body["items"]]


@pytest.mark.parametrize(
    ("words", "snippets"),
    [
        ("order", ["Please cancel my ⟦orders⟧ of tomatoes"]),
        ("canceling tomato", ["Please ⟦cancel⟧ my orders of ⟦tomatoes⟧"]),
        ("leches", ["Quiero tres cajas de ⟦leche⟧ entera"]),
        ("cajas", ["Quiero tres ⟦cajas⟧ de leche entera"]),
        ("CAJA", ["Quiero tres ⟦cajas⟧ de leche entera"]),
        ('"orders of tomatoes"', ["Please cancel my ⟦orders⟧ of ⟦tomatoes⟧"]),
        ('"tomatoes of orders"', []),
        ("orders -tomatoes", []),
        ("leche or tomatoes", ["Please cancel my orders of ⟦tomatoes⟧", "Quiero tres cajas de ⟦leche⟧ entera"]),
        ("butter", []),
        ("the of", []),
        ("!!", []),
        ('a " & | ! ( <-> :*', []),
    ],
)
async def test_words_are_found_in_any_of_their_forms(api: Api, pool: Pool, words: str, snippets: list[str]) -> None:
    await written(pool, api.distributor_id, "en", "Please cancel my orders of tomatoes")
    await written(pool, api.distributor_id, "es-MX", "Quiero tres cajas de leche entera")
    assert sorted(await found(api, words)) == snippets


async def test_a_hit_names_its_message_and_marks_nothing_that_the_customer_marked(api: Api, pool: Pool) -> None:
    [message] = await write(pool, api.distributor_id, "⟦milk⟧ <b>bread</b>")
    await execute(pool, api.distributor_id, "update messages set ai_processed = true, language = 'en', parts = '{\"subject\": \"Order\"}'")
    [hit] = (await api.call("GET", f"{PATH}?q=bread")).body["items"]
    assert (hit["message_id"], hit["conversation_id"], hit["is_from_customer"]) == (str(message.message_id), str(message.conversation_id), True)
    assert hit["snippet"].count("⟦") == 1
    assert "⟦bread⟧" in hit["snippet"]
    assert await found(api, "order")


async def test_the_best_hit_comes_first_and_pages_show_each_once(api: Api, pool: Pool) -> None:
    ids = await written(pool, api.distributor_id, "en", *(f"milk {number}" for number in range(24)), "milk, milk and milk")
    seen: list[str] = []
    query = "q=milk&limit=10"
    while query:
        page = (await api.call("GET", f"{PATH}?{query}")).body
        seen += [each["message_id"] for each in page["items"]]
        query = f"q=milk&limit=10&cursor={page['next']}" if page["next"] else ""
    assert seen[0] == str(ids[-1])
    assert sorted(seen) == sorted(map(str, ids))


async def test_the_messages_of_another_tenant_are_not_found(api: Api, pool: Pool) -> None:
    theirs = uuid4()
    await written(pool, theirs, "en", "secret milk")
    assert await found(api, "milk") == []
    assert (await api.call("GET", f"{PATH}?q=milk", tenant=theirs)).body["items"]
    assert (await refusal(api, "GET", f"{PATH}?q=milk", role=None))[0] == 401


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 422),
        ("q=a", 422),
        (f"q={'a' * 201}", 422),
        (f"q={quote('ab ' * 21)}", 422),
        ("q=milk%00", 422),
        ("q=milk&limit=0", 422),
        ("q=milk&cursor=nonsense", 400),
        ("q=milk&cursor=c2VhcmNoLzEgWzFlOTksIjAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMCJd", 400),
    ],
)
async def test_what_cannot_be_asked_is_said_to_be_wrong(api: Api, query: str, status: int) -> None:
    assert (await refusal(api, "GET", f"{PATH}?{query}"))[0] == status
