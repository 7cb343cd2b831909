"""What other services say is kept: once, in its order, and for its tenant alone."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from libs.postgres import Pool
from schemas.ai_call_recorded import AgentType, AiCallRecorded
from schemas.contact import Channel
from schemas.message_analyzed import MessageAnalyzed
from schemas.message_text_extracted import MessageTextExtracted
from schemas.order_session_changed import OrderSessionChanged, SessionItem, SessionStatus
from schemas.product_changed import ProductChanged
from services.ai_agent.__main__ import CONSUMES, LOCAL
from tests.ai_agent.conftest import known, message, rows, work
from tests.consuming import arrived, consume, said
from tests.llm.model_server import MODEL, ModelServer
from tests.making import NOW, distributor


def session(tenant: UUID, conversation: UUID, version: int, *items: tuple[int, str], status: SessionStatus = SessionStatus.COLLECTING) -> Any:
    return arrived(
        OrderSessionChanged(
            distributor_id=tenant,
            occurred_at=NOW,
            conversation_id=conversation,
            order_session_id=UUID(int=5),
            version=version,
            status=status,
            customer_id=None,
            message_id=None,
            items=tuple(
                SessionItem(
                    item_id=uuid4(), product_id=None, sku=None, product_name=name, unit="case", quantity=Decimal(quantity), unit_price=Decimal(1)
                )
                for quantity, name in items
            ),
            total_amount=Decimal(0),
        )
    )


def call(tenant: UUID, **more: Any) -> AiCallRecorded:
    fields: dict[str, Any] = {
        "call_id": uuid4(),
        "conversation_id": uuid4(),
        "message_id": uuid4(),
        "agent_type": AgentType.ORDER_PROCESSING,
        "model": MODEL,
        "prompt_version": "match-1",
        "input_tokens": 10,
        "cached_tokens": 0,
        "output_tokens": 5,
        "reasoning_tokens": 0,
        "cost_usd": Decimal("0.5"),
        "processing_time": 100,
        "succeeded": True,
    }
    return arrived(AiCallRecorded(distributor_id=tenant, occurred_at=NOW, **(fields | more)))


def text(tenant: UUID, words: str, **more: Any) -> MessageTextExtracted:
    fields: dict[str, Any] = {"thread_position": 3, "channel": Channel.WHATSAPP, "sent_at": NOW, "mime_type": "text/csv"}
    return arrived(
        MessageTextExtracted(
            distributor_id=tenant,
            occurred_at=NOW,
            conversation_id=uuid4(),
            message_id=uuid4(),
            attachment_id=uuid4(),
            text=words,
            **(fields | more),
        )
    )


async def test_the_newest_word_on_a_distributor_holds(pool: Pool) -> None:
    tenant = uuid4()
    newer = distributor(tenant, ai_model_preference="new", occurred_at=NOW + timedelta(minutes=1))
    await consume(pool, "ai_agent", CONSUMES, newer)
    await consume(pool, "ai_agent", CONSUMES, distributor(tenant, ai_model_preference="old"), newer)
    assert [row["ai_model_preference"] for row in await rows(pool, tenant, "distributors")] == ["new"]
    assert await rows(pool, uuid4(), "distributors") == []


async def test_an_open_order_is_what_the_next_message_is_read_with(pool: Pool, model: ModelServer) -> None:
    tenant, conversation = uuid4(), uuid4()
    await known(pool, tenant)
    await consume(pool, "ai_agent", CONSUMES, session(tenant, conversation, 2, (3, "Whole Milk")))
    await consume(pool, "ai_agent", CONSUMES, session(tenant, conversation, 1, (1, "Whole Milk")))
    await consume(pool, "ai_agent", CONSUMES, message(tenant, "hello", conversation=conversation))
    await consume(pool, "ai_agent", CONSUMES, message(tenant, "What can we do for you?", conversation=conversation, position=2, theirs=False))
    await consume(pool, "ai_agent", CONSUMES, message(tenant, "2 cases eggs", conversation=conversation, position=3))

    await work(pool, model.base_url)

    last = model.asked[-1].data
    assert last["open_order"] == [{"quantity": 3.0, "unit": "case", "product": "Whole Milk"}]
    assert last["earlier"] == [{"from": "customer", "text": "hello"}, {"from": "us", "text": "What can we do for you?"}]
    assert last["message"] == "2 cases eggs"
    assert [row["agent_type"] for row in await rows(pool, tenant, "ai_responses")] == ["ORDER_PROCESSING"] * 2
    await consume(pool, "ai_agent", CONSUMES, session(tenant, conversation, 3, status=SessionStatus.CLOSED))
    assert [row["open_lines"] for row in await rows(pool, tenant, "conversation_context")] == [None]


async def test_only_the_last_messages_of_a_conversation_are_remembered(pool: Pool) -> None:
    tenant, conversation = uuid4(), uuid4()
    events = [message(tenant, str(position), conversation=conversation, position=position) for position in range(1, 31)]
    await consume(pool, "ai_agent", CONSUMES, *events[:20])
    await consume(pool, "ai_agent", CONSUMES, *events[20:], events[3])
    [context] = await rows(pool, tenant, "conversation_context")
    assert [each["position"] for each in context["recent_messages"]] == list(range(19, 31))


async def test_calls_of_other_services_are_booked_once_and_our_own_not_again(pool: Pool) -> None:
    tenant, other = uuid4(), uuid4()
    first, second, foreign = call(tenant), call(tenant, message_id=None, succeeded=False), call(other)
    ours = call(tenant)
    ours.arrived_in(type(ours.envelope)(id=uuid4(), source="ai_agent", correlation_id=uuid4(), sequence=1))
    for _ in range(2):
        await consume(pool, "ai_agent", CONSUMES, first, second, foreign, ours)
    [hour] = await rows(pool, tenant, "ai_usage_metrics")
    assert (hour["requests_count"], hour["failed_requests"], hour["cost_usd"], hour["tokens_used"]) == (2, 1, 1, 30)
    assert [(row["spent_usd"], row["requests"]) for row in await rows(pool, tenant, "ai_budget_months")] == [(1, 2)]
    assert [row["id"] for row in await rows(pool, tenant, "ai_responses")] == [first.call_id]
    assert len(await rows(pool, other, "ai_usage_metrics")) == 1


async def test_what_a_file_says_is_read_as_its_message_would_be(pool: Pool, model: ModelServer) -> None:
    tenant = uuid4()
    await known(pool, tenant)
    event = text(tenant, "3 cases milk, 2 cases eggs")
    for handlers in (CONSUMES, LOCAL):
        await consume(pool, "ai_agent", handlers, event)
    await work(pool, model.base_url)
    [analyzed] = await said(pool, tenant, MessageAnalyzed)
    assert (analyzed.message_id, analyzed.attachment_id, analyzed.thread_position) == (event.message_id, event.attachment_id, 3)
    assert (analyzed.content, len(analyzed.analysis.lines)) == (event.text, 2)


async def test_without_a_model_files_and_messages_are_read_at_once(pool: Pool) -> None:
    tenant = uuid4()
    event, before = text(tenant, "3 cases milk"), text(tenant, "3 cases milk", thread_position=None)
    for _ in range(2):
        await consume(pool, "ai_agent", LOCAL, message(tenant, "2 cases eggs"), event, before)
    analyzed = await said(pool, tenant, MessageAnalyzed)
    assert {(each.model, each.attachment_id) for each in analyzed} == {("local", None), ("local", event.attachment_id)}
    assert len(await rows(pool, tenant, "ai_jobs")) == 0
    assert await rows(pool, uuid4(), "ai_responses") == []


async def test_the_newest_word_on_a_product_holds(pool: Pool) -> None:
    tenant, product = uuid4(), uuid4()

    def milk(minutes: int, *, in_stock: bool) -> ProductChanged:
        return arrived(
            ProductChanged(
                distributor_id=tenant,
                occurred_at=NOW + timedelta(minutes=minutes),
                product_id=product,
                sku="M1",
                name="Whole Milk",
                category=None,
                unit="case",
                unit_price=Decimal(10),
                in_stock=in_stock,
                stock_quantity=None,
                active=True,
            )
        )

    await consume(pool, "ai_agent", CONSUMES, milk(1, in_stock=True), milk(2, in_stock=False))
    await consume(pool, "ai_agent", CONSUMES, milk(1, in_stock=True))
    assert [row["in_stock"] for row in await rows(pool, tenant, "products")] == [False]
    assert await rows(pool, uuid4(), "products") == []
