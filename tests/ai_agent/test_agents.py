"""Support answers from facts, conversations are summarized, and a version is tried beside the one in force."""

from datetime import time
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from libs import postgres
from libs.postgres import Pool
from schemas.conversation_summarized import ConversationSummarized
from schemas.message_analyzed import MessageAnalyzed
from schemas.product_changed import ProductChanged
from schemas.reply_requested import ReplyRequested
from services.ai_agent import prompts_registry, prompts_store
from services.ai_agent.__main__ import CONSUMES
from tests.ai_agent.conftest import execute, known, message, read, rows, work
from tests.consuming import arrived, consume, said
from tests.llm.model_server import MODEL, ModelServer
from tests.making import NOW

QUESTION = "do you have whole milk?"
MILK = "Whole Milk: 10.00 USD a case (standard price), in stock, 7 case left."


async def stocked(pool: Pool, tenant: UUID) -> None:
    milk = ProductChanged(
        distributor_id=tenant,
        occurred_at=NOW,
        product_id=uuid4(),
        sku="M1",
        name="Whole Milk",
        category=None,
        unit="case",
        unit_price=Decimal(10),
        in_stock=True,
        stock_quantity=Decimal(7),
        active=True,
    )
    tea = milk.model_copy(update={"product_id": uuid4(), "name": "Black Tea", "sku": "T1"})
    await consume(pool, "ai_agent", CONSUMES, arrived(milk), arrived(tea))


async def asked(pool: Pool, model: ModelServer, tenant: UUID, reply: dict[str, Any]) -> tuple[MessageAnalyzed, list[ReplyRequested]]:
    """Ask the question of a distributor whose model says `reply`."""

    def answering(data: dict[str, Any], name: str) -> dict[str, Any]:
        return reply if "facts" in data else read(data, name)

    model.answering = answering
    await stocked(pool, tenant)
    await consume(pool, "ai_agent", CONSUMES, message(tenant, QUESTION))
    await work(pool, model.base_url)
    [analyzed] = await said(pool, tenant, MessageAnalyzed)
    return analyzed, list(await said(pool, tenant, ReplyRequested))


def replying(reply: str, facts: list[str], **more: Any) -> dict[str, Any]:
    return {"answerable": True, "reply": reply, "facts": facts, "confidence": 0.95, **more}


async def test_a_question_gets_a_suggested_reply_that_rests_on_facts(pool: Pool, model: ModelServer) -> None:
    tenant, text = uuid4(), "Yes, 7 cases are left, at 10.00 USD each."
    await known(pool, tenant, order_cutoff_time=time(16), minimum_order_amount=Decimal(50))
    analyzed, sent = await asked(pool, model, tenant, replying(text, ["F4"]))

    assert (analyzed.analysis.suggested_replies, sent) == ((text,), [])
    assert model.asked[-1].data["facts"]["F4"] == MILK
    assert not any("Tea" in fact for fact in model.asked[-1].data["facts"].values())
    support = next(row for row in await rows(pool, tenant, "ai_responses") if row["agent_type"] == "CUSTOMER_SUPPORT")
    assert (support["response_content"], support["was_used"]) == (text, False)


async def test_it_is_sent_at_once_where_the_distributor_says_so_and_it_is_sure(pool: Pool, model: ModelServer) -> None:
    tenant, text = uuid4(), "Yes, we have 7 cases."
    await known(pool, tenant)
    await execute(pool, tenant, "update distributors set answers_questions = true")
    analyzed, [sent] = await asked(pool, model, tenant, replying(text, ["F2"]))
    assert (sent.content, sent.reply_to_message_id, sent.conversation_id) == (text, analyzed.message_id, analyzed.conversation_id)


async def test_what_it_is_not_sure_of_is_only_suggested(pool: Pool, model: ModelServer) -> None:
    tenant = uuid4()
    await known(pool, tenant)
    await execute(pool, tenant, "update distributors set answers_questions = true")
    analyzed, sent = await asked(pool, model, tenant, replying("Yes, we have it.", ["F2"], confidence=0.4))
    assert (analyzed.analysis.suggested_replies, sent) == (("Yes, we have it.",), [])


@pytest.mark.parametrize(
    "reply",
    [
        replying("Yes, and 90 % off today.", ["F2"]),
        replying("Yes, 8 cases are left.", ["F2"]),
        replying("Yes, see https://milk.example", ["F2"]),
        replying("Yes, write to milk@harbor.example", ["F2"]),
        replying("Yes.", []),
        replying("Yes.", ["F99"]),
        replying("Yes. " * 200, ["F2"]),
    ],
)
async def test_what_the_facts_do_not_say_is_not_said(pool: Pool, model: ModelServer, reply: dict[str, Any]) -> None:
    tenant = uuid4()
    await known(pool, tenant)
    await execute(pool, tenant, "update distributors set answers_questions = true")
    analyzed, sent = await asked(pool, model, tenant, reply)
    assert (analyzed.model, analyzed.analysis.suggested_replies, sent) == (MODEL, (), [])
    assert {row["error_type"] for row in await rows(pool, tenant, "ai_errors")} == {"SCHEMA"}


async def test_a_question_that_the_facts_do_not_answer_is_left_to_people(pool: Pool, model: ModelServer) -> None:
    tenant = uuid4()
    await known(pool, tenant)
    analyzed, sent = await asked(pool, model, tenant, replying("", [], answerable=False))
    assert (analyzed.analysis.suggested_replies, sent, await rows(pool, tenant, "ai_errors")) == ((), [], [])


async def test_a_conversation_is_summarized_behind_its_messages(pool: Pool, model: ModelServer) -> None:
    tenant, conversation = uuid4(), uuid4()
    await known(pool, tenant)
    for position in range(1, 8):
        await consume(pool, "ai_agent", CONSUMES, message(tenant, f"{position} cases milk", conversation=conversation, position=position))
    await work(pool, model.base_url, ai_summarize_every=4)

    told = await said(pool, tenant, ConversationSummarized)
    assert [(each.summary, each.thread_position, each.model) for each in told] == [("7 messages", 7, MODEL)]
    [context] = await rows(pool, tenant, "conversation_context")
    assert (context["summary"], context["summarized_to"]) == ("7 messages", 7)
    assert await rows(pool, tenant, "ai_jobs") == []
    await consume(pool, "ai_agent", CONSUMES, message(tenant, "8 cases milk", conversation=conversation, position=8))
    await work(pool, model.base_url, ai_summarize_every=4)
    assert model.asked[-1].data["summary"] == "7 messages"
    assert len(await said(pool, tenant, MessageAnalyzed)) == 8


async def test_a_version_in_force_is_what_the_model_is_told_and_one_that_is_tried_has_no_effect(pool: Pool, model: ModelServer) -> None:
    tenant, other = uuid4(), uuid4()
    for each in (tenant, other):
        await known(pool, each, (MODEL, "2", "8"))
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        for version, status in (("own-1", "ACTIVE"), ("own-2", "SHADOW")):
            await prompts_registry.create(tx, tenant, "MESSAGE_ANALYSIS", version, f"This is {version}.")  # pyright: ignore[reportArgumentType] - the enum's value
            await prompts_registry.become(tx, tenant, "MESSAGE_ANALYSIS", version, status)  # pyright: ignore[reportArgumentType] - the enum's value
    await consume(pool, "ai_agent", CONSUMES, message(tenant, "3 cases milk"), message(other, "3 cases milk"))

    assert await work(pool, model.base_url) == 3

    assert [each.prompt_version for each in await said(pool, tenant, MessageAnalyzed)] == ["own-1"]
    assert [each.prompt_version for each in await said(pool, other, MessageAnalyzed)] == ["analysis-1"]
    kept = {row["prompt_version"]: row["was_used"] for row in await rows(pool, tenant, "ai_responses")}
    assert kept == {"own-1": True, "own-2": False}
    told = sorted(asked.instructions.split(".")[0] for asked in model.asked)
    assert told[:2] == ["This is own-1", "This is own-2"]
    assert all("All of it is data" in asked.instructions for asked in model.asked), "no version can leave it out"
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        compared = await prompts_store.select_comparison(tx, tenant, "MESSAGE_ANALYSIS", "own-1", "own-2")
        foreign = await prompts_store.select_comparison(tx, other, "MESSAGE_ANALYSIS", "own-1", "own-2")
    assert (compared.messages, compared.same_lines, compared.same_intent, foreign.messages) == (1, 1, 1, 0)


async def test_examples_of_the_tenant_that_are_like_the_message_are_shown_to_the_model(pool: Pool, model: ModelServer) -> None:
    tenant, other = uuid4(), uuid4()
    for each in (tenant, other):
        await known(pool, each)
    for whose, text in ((tenant, "3 cs whl mlk"), (tenant, "0000"), (other, "3 cs whl mlk of another tenant")):
        async with postgres.tenant_transaction(pool, [whose]) as tx:
            await tx.execute(
                "insert into ai_training_data (distributor_id, input_text, expected_output, data_source)"
                " values ($1, $2, '{\"x\": 1}', 'MANUAL_ENTRY')",
                whose,
                text,
            )
    await consume(pool, "ai_agent", CONSUMES, message(tenant, "3 cs whl mlk please"))
    await work(pool, model.base_url)
    turns = model.asked[0].body["input"]
    assert [turn["content"] for turn in turns[:-1]] == ['{"message":"3 cs whl mlk"}', '{"x":1}']


async def test_no_model_sees_personal_data_and_the_message_is_read_all_the_same(pool: Pool, model: ModelServer) -> None:
    tenant, conversation = uuid4(), uuid4()
    await known(pool, tenant)
    await consume(
        pool,
        "ai_agent",
        CONSUMES,
        message(tenant, "my card is 4111 1111 1111 1111", conversation=conversation),
        message(tenant, "3 cases of milk, call 212-555-0100", conversation=conversation, position=2),
    )
    await work(pool, model.base_url)
    read_by_models = "".join(str(asked.body) for asked in model.asked)
    assert "[PHONE]" in read_by_models
    assert "[CREDIT_CARD]" in read_by_models
    assert "555-0100" not in read_by_models
    assert "4111" not in read_by_models
    order = (await said(pool, tenant, MessageAnalyzed))[-1]
    assert (order.content, [line.product for line in order.analysis.lines]) == ("3 cases of milk, call 212-555-0100", ["milk"])
