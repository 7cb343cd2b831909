"""What the AI understood, and what became of it, is kept with the message."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest_asyncio

from libs import postgres
from libs.postgres import Pool
from schemas.analysis import Analysis, Intent, Line
from schemas.conversation_summarized import ConversationSummarized
from schemas.message_analyzed import MessageAnalyzed
from schemas.message_created import MessageCreated
from schemas.order_session_changed import OrderSessionChanged, SessionStatus
from services.message_store import analysis_store
from tests.conftest import NewPool
from tests.consuming import arrived
from tests.making import NOW, customer, received
from tests.message_store.conversations import JONAH, conversations, message, of_customer, own, reply, rows, take, told

LATER = NOW + timedelta(minutes=1)


@pytest_asyncio.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A fresh database of message_store."""
    return await new_pool("message_store")


def analyzed(of: MessageCreated, language: str = "en", **more: Any) -> MessageAnalyzed:
    analysis = Analysis(
        intent=Intent.ORDER,
        lines=(Line(quantity=Decimal(3), unit="case", product="milk"),),
        confidence=Decimal("0.91"),
        language=language,
        suggested_replies=("Noted!",),
    )
    told: dict[str, Any] = of.model_dump(include=set(MessageAnalyzed.model_fields)) | {"occurred_at": LATER} | more
    return arrived(MessageAnalyzed(**told, analysis=analysis, model="local", prompt_version="local-1"))


def session(of: MessageCreated, session_id: UUID, order_id: UUID | None = None, **more: Any) -> OrderSessionChanged:
    told: dict[str, Any] = {
        "distributor_id": of.distributor_id,
        "occurred_at": LATER,
        "conversation_id": of.conversation_id,
        "order_session_id": session_id,
        "version": 1,
        "status": SessionStatus.COLLECTING,
        "customer_id": None,
        "message_id": of.message_id,
        "items": (),
        "total_amount": Decimal("0.00"),
        "order_id": order_id,
    }
    return arrived(OrderSessionChanged(**(told | more)))


def summary(tenant: UUID, conversation: UUID, text: str) -> ConversationSummarized:
    return arrived(
        ConversationSummarized(distributor_id=tenant, occurred_at=NOW, conversation_id=conversation, thread_position=1, summary=text, model="local")
    )


async def stored(pool: Pool, tenant: UUID, text: str = "3 cs milk") -> MessageCreated:
    await take(pool, received(tenant, text))
    return (await told(pool, tenant))[-1]


async def found_by(pool: Pool, tenant: UUID, words: str) -> list[UUID]:
    return [row["message_id"] for row in await rows(pool, tenant, "select * from search_messages($1, $2, null, null, 10)", tenant, words)]


async def test_the_ai_columns_are_filled(pool: Pool) -> None:
    tenant = uuid4()
    created = await stored(pool, tenant)
    event = analyzed(created)
    await take(pool, event)
    await take(pool, event)
    row = await message(pool, tenant, created.message_id)
    assert (row["ai_processed"], row["ai_confidence"], row["ai_extracted_intent"]) == (True, Decimal("0.910"), "order")
    assert [(each["product"], each["quantity"]) for each in row["ai_extracted_products"]] == [("milk", "3")]
    assert row["ai_suggested_responses"] == ["Noted!"]
    assert (await conversations(pool, tenant))[own(tenant)]["ai_last_processed_at"] == LATER


async def test_a_message_is_found_by_its_words_in_the_language_that_it_is_written_in(pool: Pool) -> None:
    tenant = uuid4()
    created = await stored(pool, tenant, "necesito tres cajas de manzanas")
    assert await found_by(pool, tenant, "manzana") == []
    await take(pool, analyzed(created, "es"))
    assert (await message(pool, tenant, created.message_id))["language"] == "es"
    assert await found_by(pool, tenant, "manzana caja") == [created.message_id]


async def test_the_conversation_that_shows_it_was_looked_at_too_and_no_clock_runs_back(pool: Pool) -> None:
    tenant, mario = uuid4(), uuid4()
    created = await stored(pool, tenant)
    await take(pool, customer(tenant, mario, JONAH))
    await take(pool, analyzed(created))
    await take(pool, analyzed(created, occurred_at=NOW))
    found = await conversations(pool, tenant)
    assert [found[each]["ai_last_processed_at"] for each in (own(tenant), of_customer(tenant, mario))] == [LATER, LATER]


async def test_messages_know_the_session_that_they_moved_and_all_of_a_session_its_order(pool: Pool) -> None:
    tenant, session_id, order_id = uuid4(), uuid4(), uuid4()
    one, two, other = await stored(pool, tenant), await stored(pool, tenant), await stored(pool, tenant)
    await take(pool, reply(tenant, own(tenant), order_session_id=session_id))
    await take(pool, session(one, session_id), session(other, uuid4()))
    await take(pool, session(two, session_id, order_id), session(two, session_id, order_id))
    await take(pool, reply(tenant, own(tenant), order_session_id=session_id))

    found = await rows(pool, tenant, "select order_session_id, order_context_id from messages order by thread_position")
    of_order = {"order_session_id": session_id, "order_context_id": order_id}
    assert found[:2] == found[3:] == [of_order, of_order]
    assert (found[2]["order_session_id"] != session_id, found[2]["order_context_id"]) == (True, None)


async def test_a_session_that_no_message_moved_links_none(pool: Pool) -> None:
    tenant = uuid4()
    created = await stored(pool, tenant)
    await take(pool, session(created, uuid4(), message_id=None))
    assert (await message(pool, tenant, created.message_id))["order_session_id"] is None


async def test_the_last_summary_of_a_conversation_is_kept(pool: Pool) -> None:
    tenant = uuid4()
    await stored(pool, tenant)
    first = summary(tenant, own(tenant), "Asks for milk.")
    await take(pool, first)
    await take(pool, summary(tenant, own(tenant), "Ordered milk."))
    await take(pool, first)
    assert (await conversations(pool, tenant))[own(tenant)]["ai_context_summary"] == "Ordered milk."


async def test_nothing_of_another_tenant_is_touched(pool: Pool) -> None:
    mine, theirs = uuid4(), uuid4()
    created = await stored(pool, theirs)
    await take(pool, session(created, session_id := uuid4()))
    before = await conversations(pool, theirs), await message(pool, theirs, created.message_id)
    for tenant in (mine, theirs):
        foreign = created.model_copy(update={"distributor_id": tenant})
        async with postgres.tenant_transaction(pool, [mine]) as tx:
            await analysis_store.update_analyzed(tx, [analyzed(foreign)])
            await analysis_store.update_processed_conversations(tx, [analyzed(foreign)])
            await analysis_store.update_order_sessions(tx, [session(foreign, uuid4())])
            await analysis_store.update_order_contexts(tx, [session(foreign, session_id, uuid4())])
            await analysis_store.update_summary(tx, summary(tenant, own(theirs), "mine"))
    assert (await conversations(pool, theirs), await message(pool, theirs, created.message_id)) == before
