"""What a customer's message means: by the local analyzer at once, or by a model, whose calls are queued."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from libs import outbox
from libs.postgres import Transaction
from schemas.ai_call_recorded import AgentType
from schemas.analysis import Analysis
from schemas.message_analyzed import MessageAnalyzed
from schemas.message_created import MessageCreated
from services.ai_agent import context_store, jobs_store, store
from services.ai_agent.analyzer import analyze
from services.ai_agent.jobs_store import NewJob
from services.ai_agent.message import message_of
from services.ai_agent.store import Answer
from services.ai_agent.versions import LOCAL_MODEL, LOCAL_VERSION


def is_theirs(event: MessageCreated) -> bool:
    """Tell whether a customer wrote it; our own messages are left alone."""
    return event.is_from_customer


async def on_messages_created(events: Sequence[MessageCreated], tx: Transaction) -> None:
    """Analyze what customers wrote, keep it and pass it on. The local analyzer is in process, so it needs no job of its own."""
    answers = [_answer(event) for event in events]
    await store.insert_answers(tx, answers, LOCAL_MODEL, LOCAL_VERSION)
    now = datetime.now(UTC)
    analyses = [answer.analysis for answer in answers]
    await outbox.enqueue(tx, *(_analyzed(event, analysis, now) for event, analysis in zip(events, analyses, strict=True)))


async def on_messages_created_with_model(events: Sequence[MessageCreated], tx: Transaction) -> None:
    """Remember what both sides wrote, and queue the reading of what customers did."""
    await context_store.upsert_messages(tx, events)
    jobs = [_job(event) for event in events if event.is_from_customer]
    if jobs:
        await jobs_store.insert_jobs(tx, jobs)


def _answer(event: MessageCreated) -> Answer:
    started = time.perf_counter()
    analysis = analyze(event.content, event.sent_at.date())
    milliseconds = round((time.perf_counter() - started) * 1000)
    return Answer(event.distributor_id, event.message_id, analysis, milliseconds, event.conversation_id)


def _analyzed(event: MessageCreated, analysis: Analysis, now: datetime) -> MessageAnalyzed:
    return message_of(event).analyzed(analysis, LOCAL_MODEL, LOCAL_VERSION, now).because_of(event)


def _job(event: MessageCreated) -> NewJob:
    return NewJob(
        message=message_of(event),
        agent_type=AgentType.MESSAGE_ANALYSIS,
        event_id=event.envelope.id,
        correlation_id=event.envelope.correlation_id,
    )
