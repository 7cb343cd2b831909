"""What a file says is read as its message's own text would be."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from libs import outbox
from libs.postgres import Transaction
from schemas.ai_call_recorded import AgentType
from schemas.message_text_extracted import MessageTextExtracted
from services.ai_agent import jobs_store, store
from services.ai_agent.analyzer import analyze
from services.ai_agent.jobs_store import NewJob
from services.ai_agent.message import Message, message_of_file
from services.ai_agent.store import Answer
from services.ai_agent.versions import LOCAL_MODEL, LOCAL_VERSION


async def on_texts_extracted(events: Sequence[MessageTextExtracted], tx: Transaction) -> None:
    """Analyze files by the local analyzer, and pass on what they mean."""
    now = datetime.now(UTC)
    read = [(event, message, _answer(event, message)) for event in events if (message := message_of_file(event))]
    await store.insert_answers(tx, [answer for _, _, answer in read], LOCAL_MODEL, LOCAL_VERSION)
    await outbox.enqueue(
        tx,
        *(
            message.analyzed(answer.analysis, LOCAL_MODEL, LOCAL_VERSION, now, event.attachment_id).because_of(event)
            for event, message, answer in read
        ),
    )


async def on_texts_extracted_with_model(events: Sequence[MessageTextExtracted], tx: Transaction) -> None:
    """Queue the reading of files."""
    jobs = [
        NewJob(
            message=message,
            agent_type=AgentType.MESSAGE_ANALYSIS,
            event_id=event.envelope.id,
            correlation_id=event.envelope.correlation_id,
            attachment_id=event.attachment_id,
        )
        for event in events
        if (message := message_of_file(event))
    ]
    if jobs:
        await jobs_store.insert_jobs(tx, jobs)


def _answer(event: MessageTextExtracted, message: Message) -> Answer:
    started = time.perf_counter()
    analysis = analyze(message.content, message.sent_at.date())
    milliseconds = round((time.perf_counter() - started) * 1000)
    return Answer(event.distributor_id, event.message_id, analysis, milliseconds, event.conversation_id, event.attachment_id)
