"""A process is killed with SIGKILL in the middle of its calls: no message is lost, none is told twice."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest

from libs import postgres
from schemas.message_analyzed import MessageAnalyzed
from services.ai_agent.__main__ import CONSUMES
from tests.ai_agent.conftest import execute, known, message, rows, until, work
from tests.consuming import consume, said
from tests.llm.model_server import MODEL, Behaviour, ModelServer

MESSAGES = 20


@pytest.mark.timeout(300)
async def test_a_killed_process_loses_nothing(new_database: Callable[[str], Awaitable[str]], model: ModelServer) -> None:
    url, tenant = await new_database("ai_agent"), uuid4()
    pool = await postgres.create_pool(url, "ai_agent", 5)
    # Half of the calls are answered, the other half is under way for ever.
    model.behaviours[MODEL] = Behaviour(hangs=True, times=MESSAGES // 2)
    await known(pool, tenant, (MODEL, "2", "8"))
    await consume(pool, "ai_agent", CONSUMES, *(message(tenant) for _ in range(MESSAGES)))
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.ai_agent.worker_process", url, model.base_url)

    async def half_is_told() -> bool:
        return len(await said(pool, tenant, MessageAnalyzed)) >= MESSAGES // 2

    await until(half_is_told, within=120)
    process.kill()
    await process.wait()
    await execute(pool, tenant, "update ai_jobs set locked_until = now()")

    assert await work(pool, model.base_url) == MESSAGES // 2

    told = await said(pool, tenant, MessageAnalyzed)
    assert len({analyzed.message_id for analyzed in told}) == len(told) == MESSAGES
    assert {analyzed.model for analyzed in told} == {MODEL}
    assert len(model.asked) == MESSAGES + MESSAGES // 2
    assert await rows(pool, tenant, "ai_jobs") == []
    assert len(await rows(pool, tenant, "ai_budget_reservations")) == MESSAGES // 2, "what the killed calls may have cost stays set aside"
    await pool.close()
