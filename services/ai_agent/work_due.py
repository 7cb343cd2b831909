"""The job that asks: calls are claimed, made outside any transaction, and what came of them recorded together."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import asyncpg
import structlog

from libs import postgres, storage
from libs.in_flight import work_off
from libs.llm import client
from libs.llm.client import Client
from libs.postgres import Transaction
from libs.retry import Stopping, until_it_works
from libs.service import Service
from services.ai_agent import context_store, jobs_store, known_store, support_store
from services.ai_agent.agents import Outcome, Work, act, fall_back
from services.ai_agent.asking import Asker, Breakers, Rung
from services.ai_agent.context_store import Context
from services.ai_agent.facts import facts_of
from services.ai_agent.jobs_store import Claimed
from services.ai_agent.record import Done, record
from services.ai_agent.reserving import Reserver
from services.ai_agent.settings import AiAgentSettings
from services.ai_agent.terms import Known
from services.ai_agent.writing_down import Scribe

log = structlog.get_logger()


class Worker:
    """Makes calls for one process; it remembers which servers are not to be bothered."""

    def __init__(self, settings: AiAgentSettings) -> None:
        self._settings = settings
        self._breakers = Breakers()

    async def work_due(self, service: Service) -> int:
        """Work until nothing is due and nothing under way. Returns how many jobs were done."""
        due = await self._claim(service, ())
        if not due:
            return 0
        async with self._opened(service) as (asker, scribe):
            return await work_off(
                due,
                claim=lambda under_way: self._claim(service, under_way),
                act=lambda work: self._act(asker, scribe, work),
                record=lambda done: self._record(service, done),
            )

    async def _act(self, asker: Asker, scribe: Scribe, work: Work) -> Outcome:
        """Do a job. Whatever happens to it, the others go on."""
        try:
            return await act(asker, scribe, work, local_analyzer=self._settings.ai_local_analyzer)
        except Stopping:
            raise
        except OSError as error:
            log.warning("storage_away", message_id=str(work.job.message.message_id), error=type(error).__name__)
            return Outcome(put_off=True)
        except Exception:
            log.exception("agent_failed", message_id=str(work.job.message.message_id))
            return fall_back(work, local_analyzer=self._settings.ai_local_analyzer)

    @asynccontextmanager
    async def _opened(self, service: Service) -> AsyncGenerator[tuple[Asker, Scribe]]:
        """Open what calls are made with."""
        settings = self._settings
        async with AsyncExitStack() as stack:
            rungs: list[Rung] = []
            first = await stack.enter_async_context(client.opened(settings.server)) if settings.has_model else None
            if first and settings.ai_model:
                rungs.append(self._rung(settings.ai_model, first))
            if first and settings.ai_small_model:
                small = await stack.enter_async_context(client.opened(settings.small_server))
                rungs.append(self._rung(settings.ai_small_model, small))
            sees = rungs[0] if rungs and settings.ai_reads_images else None
            hears = first and settings.ai_transcription_model and self._rung(settings.ai_transcription_model, first)
            kept = await stack.enter_async_context(storage.opened(settings)) if sees or hears else None
            asker = Asker(Reserver(service, settings.lease), rungs, self._breakers, settings.ai_timeout_seconds)
            yield asker, Scribe(asker, kept, sees, hears or None)

    def _rung(self, model: str, asked: Client) -> Rung:
        return Rung(model, asked, self._breakers.of(asked, model))

    async def _claim(self, service: Service, under_way: Sequence[Work]) -> list[Work]:
        """Claim jobs as the worker who sees every tenant's queue, then read what is known for them as their tenants."""
        limit = self._settings.ai_calls_at_once - len(under_way)
        if limit <= 0 or service.stopping.is_set():
            return []
        try:
            async with postgres.worker_transaction(service.pool) as worker:
                claimed = await jobs_store.claim_due(worker, limit, self._settings.lease)
        except asyncpg.UniqueViolationError:
            # Another process has just begun something else in one of these conversations.
            return []
        if not claimed:
            return []
        async with postgres.tenant_transaction(service.pool, {job.distributor_id for job in claimed}) as tx:
            return await _load(tx, claimed)

    async def _record(self, service: Service, done: Sequence[Done]) -> None:
        """Record outcomes; waits in place while the database is away. What cannot be recorded is left to a person, and holds up nothing else."""
        try:
            await self._record_all(service, done)
        except Stopping:
            raise
        except Exception:
            log.exception("not_recorded", jobs=len(done))
            for each in done:
                await self._record_one(service, *each)
        for work, outcome in done:
            _log(work, outcome)

    async def _record_one(self, service: Service, work: Work, outcome: Outcome) -> None:
        try:
            await self._record_all(service, [(work, outcome)])
        except Stopping:
            raise
        except Exception:
            log.exception("left_to_a_person", message_id=str(work.job.message.message_id))
            await self._record_all(service, [(work, replace(fall_back(work, local_analyzer=False), calls=()))])

    async def _record_all(self, service: Service, done: Sequence[Done]) -> None:
        async def in_one_transaction() -> None:
            async with postgres.tenant_transaction(service.pool, {work.job.distributor_id for work, _ in done}) as tx:
                await record(tx, done, self._settings.ai_summarize_every)

        await until_it_works(in_one_transaction, service.stopping, doing="recording what models said")
        service.relay.wake()


async def _load(tx: Transaction, claimed: Sequence[Claimed]) -> list[Work]:
    """Read all that decides on the calls, for every job at once."""
    tenants = sorted({job.distributor_id for job in claimed})
    terms = await known_store.select_terms(tx, tenants)
    prices = await known_store.select_prices(tx, tenants, datetime.now(UTC).date())
    prompts = await known_store.select_prompts(tx, tenants, "ACTIVE")
    shadows = await known_store.select_prompts(tx, tenants, "SHADOW")
    examples = await known_store.select_examples(tx, tenants)
    calibrations = await known_store.select_calibrations(tx, tenants)
    contexts = await context_store.select_contexts(tx, [job.distributor_id for job in claimed], [job.message.conversation_id for job in claimed])
    products = await support_store.select_products(tx, claimed)
    orders = await support_store.select_orders(tx, claimed)
    known = {
        tenant: Known(
            distributor_id=tenant,
            terms=terms.get(tenant),
            prompts=prompts.get(tenant, {}),
            shadows=shadows.get(tenant, {}),
            prices=prices.get(tenant, {}),
            calibrations=calibrations.get(tenant, {}),
            examples=examples.get(tenant, ()),
        )
        for tenant in tenants
    }
    work: list[Work] = []
    for job in claimed:
        context, its = contexts.get(job.message.conversation_id, Context()), known[job.distributor_id]
        facts = facts_of(its.terms, context, products.get(job.id, ()), orders.get(job.id, ())) if its.terms else {}
        work.append(Work(job=job, known=its, context=context, facts=facts))
    return work


def _log(work: Work, outcome: Outcome) -> None:
    for call in outcome.calls:
        if call.failure:
            log.warning(
                "model_gave_no_answer",
                message_id=str(work.job.message.message_id),
                model=call.model,
                error_type=call.failure.error_type,
                detail=call.failure.detail,
            )
    log.info("message_read", message_id=str(work.job.message.message_id), agent=work.job.agent_type, model=outcome.model, attempt=work.job.attempt)
