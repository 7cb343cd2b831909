"""The job that books calls which nobody came back from: what they may have cost counts as spent."""

from libs import postgres
from libs.service import Service
from services.ai_agent import budget_store

AT_ONCE = 500


async def book_abandoned(service: Service) -> int:
    """Book reservations whose time is over, whole: the provider may charge for what a killed process had begun. Returns how many."""
    async with postgres.worker_transaction(service.pool) as worker:
        abandoned = await budget_store.select_abandoned(worker, AT_ONCE)
    if not abandoned:
        return 0
    async with postgres.tenant_transaction(service.pool, {distributor_id for distributor_id, _ in abandoned}) as tx:
        await budget_store.book(tx, await budget_store.select_reserved(tx, abandoned))
    return len(abandoned)
