"""What a customer's message means, by the local analyzer: deterministic and in process, so it needs no job of its own."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from libs import outbox
from libs.postgres import Transaction
from schemas.message_analyzed import MessageAnalyzed
from schemas.message_created import MessageCreated
from services.ai_agent import store
from services.ai_agent.analyzer import analyze
from services.ai_agent.store import Answer

LOCAL_MODEL = "local"
LOCAL_VERSION = "local-1"


def is_theirs(event: MessageCreated) -> bool:
    """Tell whether a customer wrote it; our own messages are left alone."""
    return event.is_from_customer


async def on_messages_created(events: Sequence[MessageCreated], tx: Transaction) -> None:
    """Analyze what customers wrote, keep it and pass it on."""
    answers = [_answer(event) for event in events]
    await store.insert_answers(tx, answers, LOCAL_MODEL, LOCAL_VERSION)
    now = datetime.now(UTC)
    await outbox.enqueue(tx, *(_analyzed(event, answer, now) for event, answer in zip(events, answers, strict=True)))


def _answer(event: MessageCreated) -> Answer:
    started = time.perf_counter()
    analysis = analyze(event.content, event.sent_at.date())
    return Answer(event.distributor_id, event.message_id, analysis, processing_time=round((time.perf_counter() - started) * 1000))


def _analyzed(event: MessageCreated, answer: Answer, now: datetime) -> MessageAnalyzed:
    return MessageAnalyzed(
        distributor_id=event.distributor_id,
        occurred_at=now,
        conversation_id=event.conversation_id,
        message_id=event.message_id,
        thread_position=event.thread_position,
        channel=event.channel,
        customer_id=event.customer_id,
        contact_id=event.contact_id,
        content=event.content,
        sent_at=event.sent_at,
        analysis=answer.analysis,
        model=LOCAL_MODEL,
        prompt_version=LOCAL_VERSION,
    ).because_of(event)
