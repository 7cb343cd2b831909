"""What is to be forgotten is forgotten: of one customer at once, of everybody after a while."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

from libs import postgres, retention
from libs.postgres import Pool
from schemas.contact import Channel, conversation_id
from schemas.customer_erased import CustomerErased
from services.ai_agent import training_store
from services.ai_agent.__main__ import CONSUMES
from services.ai_agent.keeps import keeps
from tests.ai_agent.conftest import execute, known, message, rows, settings, work
from tests.consuming import arrived, consume
from tests.llm.model_server import MODEL as LARGE
from tests.llm.model_server import Behaviour, ModelServer
from tests.making import NOW


async def talked(pool: Pool, model: ModelServer, tenant: UUID, *customers: UUID) -> None:
    """Let customers each have written a message that was read, and another that is still to be."""
    conversations = [conversation_id(tenant, Channel.WHATSAPP, customer) for customer in customers]
    await consume(pool, "ai_agent", CONSUMES, *(message(tenant, conversation=each) for each in conversations))
    await work(pool, model.base_url)
    await consume(pool, "ai_agent", CONSUMES, *(message(tenant, conversation=each, position=2) for each in conversations))
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        for row in await tx.fetch("select id from ai_responses"):
            example = {"input_text": "milk", "expected_output": {}, "data_source": "EXPERT_REVIEW", "ai_response_id": row["id"]}
            await training_store.insert_examples(tx, tenant, [example])


async def test_a_customer_is_forgotten_and_what_they_cost_is_not(pool: Pool, model: ModelServer) -> None:
    tenant, theirs, others = uuid4(), uuid4(), uuid4()
    await known(pool, tenant)
    await talked(pool, model, tenant, theirs, others)
    erased = arrived(CustomerErased(distributor_id=tenant, occurred_at=NOW, customer_id=theirs))
    foreign = arrived(CustomerErased(distributor_id=uuid4(), occurred_at=NOW, customer_id=others))
    for _ in range(2):
        await consume(pool, "ai_agent", CONSUMES, erased, foreign)

    kept = conversation_id(tenant, Channel.WHATSAPP, others)
    for table in ("conversation_context", "ai_jobs"):
        assert {row["conversation_id"] for row in await rows(pool, tenant, table)} == {kept}
    said = {row["conversation_id"]: bool(row["extracted_data"]) for row in await rows(pool, tenant, "ai_responses")}
    assert said == {kept: True, conversation_id(tenant, Channel.WHATSAPP, theirs): False}
    assert len(await rows(pool, tenant, "ai_training_data")) == 1
    assert sum(hour["requests_count"] for hour in await rows(pool, tenant, "ai_usage_metrics")) == 2


async def test_errors_and_silent_conversations_are_forgotten_in_time(pool: Pool, model: ModelServer) -> None:
    tenant = uuid4()
    model.behaviours[LARGE] = Behaviour(refuses=True)
    await known(pool, tenant)
    await consume(pool, "ai_agent", CONSUMES, message(tenant), message(tenant))
    await work(pool, model.base_url)
    await execute(pool, tenant, "update ai_errors set created_at = now() - interval '91 days' where id = (select min(id::text)::uuid from ai_errors)")
    assert await retention.sweep(pool, asyncio.Event(), keeps(settings())) == 1
    assert len(await rows(pool, tenant, "ai_errors")) == 1
    assert len(await rows(pool, tenant, "conversation_context")) == 2
    assert settings().ai_contexts_kept_days == timedelta(days=30).days
