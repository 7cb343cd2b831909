"""A process of ai_agent that works off its queue and does nothing else: python -m tests.ai_agent.worker_process DATABASE_URL MODEL_URL."""

import asyncio
import sys

from libs import postgres
from services.ai_agent.work_due import Worker
from tests.ai_agent.conftest import service_on, settings


async def main(database_url: str, model_url: str) -> None:
    """Work until nothing is due."""
    pool = await postgres.create_pool(database_url, "ai_agent", 5)
    await Worker(settings(model_url, ai_timeout_seconds=100)).work_due(service_on(pool, model_url))
    await pool.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
