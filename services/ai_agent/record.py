"""What came of jobs, written down in one transaction: answers, errors, costs, and what is told to the others."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid5

from libs import outbox
from libs.postgres import Transaction
from schemas.ai_call_recorded import AgentType, AiCallRecorded
from schemas.conversation_summarized import ConversationSummarized
from schemas.event import Envelope, Event
from schemas.reply_requested import ReplyRequested
from services.ai_agent import budget_store, context_store, jobs_store, store, usage_store
from services.ai_agent.agents import Outcome, Work, reader_of
from services.ai_agent.budget_store import Spent
from services.ai_agent.context_store import Summarized
from services.ai_agent.jobs_store import Claimed, NewJob
from services.ai_agent.message import Message
from services.ai_agent.store import Answer, MadeCall
from services.ai_agent.usage_store import Used
from services.ai_agent.versions import LOCAL_MODEL, LOCAL_VERSION

LATER = timedelta(seconds=30)

Done = tuple[Work, Outcome]


async def record(tx: Transaction, done: Sequence[Done], summarize_every: int) -> None:
    """Write down what came of jobs of any of the transaction's tenants. What calls have cost is booked whoever else did the job meanwhile."""
    now = datetime.now(UTC)
    made = [(work, call) for work, outcome in done for call in outcome.calls if call.made]
    await budget_store.book(tx, [Spent(work.job.distributor_id, call.id, call.cost_usd) for work, call in made])
    if made:
        await usage_store.add_usage(tx, [_used(each, now) for work, outcome in done for each in _made(work, outcome) if each.call.made])
    if put_off := [work.job for work, outcome in done if outcome.put_off]:
        await jobs_store.update_to_retry(tx, put_off, LATER)
    ours = await jobs_store.delete_done(tx, [work.job for work, outcome in done if not outcome.put_off])
    first = [(work, outcome) for work, outcome in done if work.job.id in ours]
    await _keep(tx, first)
    await _go_on(tx, first, summarize_every)
    await outbox.enqueue(tx, *(fact for work, outcome in done for fact in _calls_recorded(work, outcome, now)))
    await outbox.enqueue(tx, *(fact for work, outcome in first for fact in _facts(work, outcome, now)), *await _summarized(tx, first, now))


async def _keep(tx: Transaction, done: Sequence[Done]) -> None:
    """Keep answers and errors."""
    calls = [each for work, outcome in done for each in _made(work, outcome)]
    if answered := [each for each in calls if each.call.made]:
        await store.insert_calls(tx, answered)
    if failed := [each for each in calls if each.call.failure]:
        await store.insert_errors(tx, failed)
    if local := [_local_answer(work, outcome) for work, outcome in done if outcome.model == LOCAL_MODEL and outcome.analysis]:
        await store.insert_answers(tx, local, LOCAL_MODEL, LOCAL_VERSION)


async def _summarized(tx: Transaction, done: Sequence[Done], now: datetime) -> list[Event]:
    """Keep summaries. Returns what the others are told of them."""
    summaries = {work.job.message.conversation_id: (work, outcome) for work, outcome in done if outcome.summary}
    if not summaries:
        return []
    kept = [_summary(work, outcome.summary or "") for work, outcome in summaries.values()]
    news = await context_store.update_summaries(tx, kept)
    return [
        _because_of_message(
            ConversationSummarized(
                distributor_id=each.distributor_id,
                occurred_at=now,
                conversation_id=each.conversation_id,
                thread_position=each.reaches_to,
                summary=each.summary,
                model=summaries[each.conversation_id][1].calls[-1].model,
            ),
            summaries[each.conversation_id][0].job,
        )
        for each in kept
        if each.conversation_id in news
    ]


def _summary(work: Work, summary: str) -> Summarized:
    message = work.job.message
    reaches_to = max((each["position"] for each in work.context.recent_messages), default=message.thread_position)
    return Summarized(distributor_id=message.distributor_id, conversation_id=message.conversation_id, summary=summary, reaches_to=reaches_to)


async def _go_on(tx: Transaction, done: Sequence[Done], summarize_every: int) -> None:
    """Queue what is to be done about messages that were read, and that nobody waits for."""
    jobs: list[NewJob] = []
    for work, outcome in done:
        if outcome.analysis is None or work.known.terms is None or not work.known.terms.ai_enabled:
            continue
        if shadow := work.known.shadows.get(reader_of(work.context)):
            jobs.append(_about(work, outcome, reader_of(work.context), shadow.version))
        if work.job.message.thread_position - work.context.summarized_to >= summarize_every:
            jobs.append(_about(work, outcome, AgentType.CONTEXT_MANAGER, None))
    if jobs:
        await jobs_store.insert_jobs(tx, jobs)


def _about(work: Work, outcome: Outcome, agent_type: AgentType, version: str | None) -> NewJob:
    job = work.job
    return NewJob(
        message=_as_read(work, outcome),
        agent_type=agent_type,
        event_id=job.event_id,
        correlation_id=job.correlation_id,
        prompt_version=version,
        attachment_id=job.attachment_id,
    )


def _as_read(work: Work, outcome: Outcome) -> Message:
    """Return the message with what was read in place of its text, where that was a file."""
    message = work.job.message
    return message if outcome.content is None else message.model_copy(update={"content": outcome.content, "file": None})


def _made(work: Work, outcome: Outcome) -> list[MadeCall]:
    """Every rung that was tried for a job, with what it said to people where it did."""
    made: list[MadeCall] = []
    for call in outcome.calls:
        match call.agent_type:
            case AgentType.CUSTOMER_SUPPORT:
                text = outcome.analysis.suggested_replies[0] if outcome.analysis and outcome.analysis.suggested_replies else None
                was_used = outcome.reply is not None
            case AgentType.CONTEXT_MANAGER:
                text, was_used = outcome.summary, outcome.summary is not None
            case _:
                text, was_used = None, outcome.analysis is not None
        made.append(MadeCall(work.job, call, was_used=was_used and call.failure is None, text=None if call.failure else text))
    return made


def _used(made: MadeCall, now: datetime) -> Used:
    usage, call = made.call.usage, made.call
    return Used(
        distributor_id=made.job.distributor_id,
        at=now,
        agent_type=call.agent_type,
        model=call.model,
        succeeded=call.failure is None,
        input_tokens=usage.input_tokens,
        cached_tokens=usage.cached_tokens,
        output_tokens=usage.output_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        cost_usd=call.cost_usd,
        confidence=call.confidence,
        milliseconds=call.milliseconds,
        in_flight=call.in_flight,
    )


def _local_answer(work: Work, outcome: Outcome) -> Answer:
    assert outcome.analysis is not None
    message = work.job.message
    return Answer(message.distributor_id, message.message_id, outcome.analysis, 0, message.conversation_id, work.job.attachment_id)


def _facts(work: Work, outcome: Outcome, now: datetime) -> list[Event]:
    """What the others are told: the meaning, and what is to be said to the customer."""
    if outcome.analysis is None:
        return []
    message = _as_read(work, outcome)
    facts: list[Event] = [message.analyzed(outcome.analysis, outcome.model, outcome.prompt_version, now, work.job.attachment_id)]
    if outcome.reply:
        facts.append(
            ReplyRequested(
                distributor_id=message.distributor_id,
                occurred_at=now,
                conversation_id=message.conversation_id,
                reply_id=uuid5(message.message_id, "support"),
                content=outcome.reply,
                reply_to_message_id=message.message_id,
            )
        )
    return [_because_of_message(fact, work.job) for fact in facts]


def _calls_recorded(work: Work, outcome: Outcome, now: datetime) -> list[Event]:
    message = work.job.message
    return [
        _because_of_message(
            AiCallRecorded(
                distributor_id=message.distributor_id,
                occurred_at=now,
                call_id=call.id,
                conversation_id=message.conversation_id,
                message_id=message.message_id,
                agent_type=call.agent_type,
                model=call.model,
                prompt_version=call.prompt_version,
                input_tokens=call.usage.input_tokens,
                cached_tokens=call.usage.cached_tokens,
                output_tokens=call.usage.output_tokens,
                reasoning_tokens=call.usage.reasoning_tokens,
                cost_usd=call.cost_usd,
                processing_time=call.milliseconds,
                succeeded=call.failure is None,
            ),
            work.job,
        )
        for call in outcome.calls
        if call.made
    ]


def _because_of_message(event: Event, job: Claimed) -> Event:
    """Name the event that led to this one, of which only the ids are left."""
    return event.because_of(event.model_copy().arrived_in(Envelope(id=job.event_id, source="message_store", correlation_id=job.correlation_id)))
