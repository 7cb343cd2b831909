"""The four agents: what each asks, and what follows from the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import structlog

from schemas.ai_call_recorded import AgentType
from schemas.analysis import Analysis, Intent
from services.ai_agent import prompts
from services.ai_agent.analyzer import analyze
from services.ai_agent.asking import Asked, Asker, Call, Rung
from services.ai_agent.calibration import NONE
from services.ai_agent.check import NotInTheText, checked
from services.ai_agent.context_store import Context
from services.ai_agent.facts import grounded
from services.ai_agent.forms import Reply, Summary
from services.ai_agent.jobs_store import Claimed
from services.ai_agent.message import StoredFile
from services.ai_agent.terms import Known, Prompt
from services.ai_agent.versions import LOCAL_MODEL, LOCAL_VERSION, PERSON
from services.ai_agent.writing_down import Scribe

log = structlog.get_logger()

MOST_ATTEMPTS = 2
"""A call that a crash interrupted is made once more; whoever comes after that goes without a model."""
LEFT_TO_A_PERSON = Analysis(intent=Intent.OTHER, confidence=Decimal(0))
LONGEST_SUMMARY = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A job, and what is known for it."""

    job: Claimed
    known: Known
    context: Context
    facts: Mapping[str, str]
    """What support may say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a job. Without an analysis nothing is passed on: it was about something else, or a version that is only tried."""

    calls: tuple[Call, ...] = ()
    analysis: Analysis | None = None
    model: str = LOCAL_MODEL
    prompt_version: str = LOCAL_VERSION
    summary: str | None = None
    reply: str | None = None
    """What is to be sent to the customer at once."""
    content: str | None = None
    """What a file says, where one was written down."""
    put_off: bool = False
    """It is to be tried again later: the storage is away."""


async def act(asker: Asker, scribe: Scribe, work: Work, *, local_analyzer: bool) -> Outcome:
    """Do a job, whatever the models do."""
    if work.job.message.file:
        return await _read_file(asker, scribe, work, work.job.message.file, local_analyzer=local_analyzer)
    if work.job.agent_type is AgentType.CONTEXT_MANAGER:
        return await _summarize(asker, work)
    if work.job.prompt_version is not None:
        return await _try_shadow(asker, work)
    return await _read_message(asker, work, local_analyzer=local_analyzer)


async def _read_file(asker: Asker, scribe: Scribe, work: Work, file: StoredFile, *, local_analyzer: bool) -> Outcome:
    """Write down what a file says, and read that; nobody is surer of its meaning than of its words."""
    if work.job.attempt > MOST_ATTEMPTS:
        return Outcome()
    written = await scribe.write_down(file, work.known)
    if written.result is None or not written.result.text.strip():
        return Outcome(calls=written.calls)
    message = work.job.message.model_copy(update={"content": written.result.text, "file": None})
    work = replace(work, job=replace(work.job, message=message))
    outcome = await _read_message(asker, work, local_analyzer=local_analyzer)
    assert outcome.analysis is not None
    sure = written.calls[-1].stated_confidence or Decimal(0)
    lines = tuple(line.model_copy(update={"confidence": min(line.confidence, sure)}) for line in outcome.analysis.lines)
    analysis = outcome.analysis.model_copy(update={"confidence": min(outcome.analysis.confidence, sure), "lines": lines})
    return replace(outcome, calls=(*written.calls, *outcome.calls), analysis=analysis, content=message.content)


def fall_back(work: Work, *, local_analyzer: bool) -> Outcome:
    """Return what becomes of a job whose agent failed by a fault of ours: messages go on without a model."""
    job = work.job
    if job.agent_type is AgentType.CONTEXT_MANAGER or job.prompt_version is not None or job.message.file:
        return Outcome()
    return _without_model(work, (), local_analyzer=local_analyzer)


def reader_of(context: Context) -> AgentType:
    """A message that comes while an order is open is read by the agent that knows the order."""
    return AgentType.MESSAGE_ANALYSIS if context.open_lines is None else AgentType.ORDER_PROCESSING


async def _read_message(asker: Asker, work: Work, *, local_analyzer: bool) -> Outcome:
    agent_type = reader_of(work.context)
    asked = await _ask_meaning(asker, work, agent_type, prompts.prompt_in_force(work.known, agent_type))
    if asked.result is None:
        return _without_model(work, asked.calls, local_analyzer=local_analyzer)
    *others, call = asked.calls
    analysis, call = _calibrated(work.known, asked.result, call)
    outcome = Outcome(calls=(*others, call), analysis=analysis, model=call.model, prompt_version=call.prompt_version)
    return await _with_reply(asker, work, outcome, analysis) if analysis.intent is Intent.QUESTION and work.facts else outcome


async def _ask_meaning(asker: Asker, work: Work, agent_type: AgentType, prompt: Prompt, *, rungs: Sequence[Rung] | None = None) -> Asked[Analysis]:
    message = work.job.message
    if work.job.attempt > MOST_ATTEMPTS or not message.content.strip():
        return Asked(result=None, calls=())
    return await asker.ask(
        work.known,
        agent_type,
        prompt.version,
        lambda model: prompts.reading(model, prompt, message, work.context, work.known),
        lambda answer: checked(answer, message.content, _today(work)),
        rungs=rungs,
    )


def _without_model(work: Work, calls: tuple[Call, ...], *, local_analyzer: bool) -> Outcome:
    """The local analyzer, and where it is switched off or fails a person."""
    if local_analyzer:
        try:
            return Outcome(calls=calls, analysis=analyze(work.job.message.content, _today(work)))
        except Exception:
            log.exception("local_analyzer_failed", message_id=str(work.job.message.message_id))
    return Outcome(calls=calls, analysis=LEFT_TO_A_PERSON, model=PERSON, prompt_version=PERSON)


def _calibrated(known: Known, analysis: Analysis, call: Call) -> tuple[Analysis, Call]:
    """Put in place of what the model says of itself what that has meant with this tenant."""
    calibration = known.calibrations.get(call.model, NONE)
    confidence = calibration.of(analysis.confidence)
    lines = tuple(line.model_copy(update={"confidence": calibration.of(line.confidence)}) for line in analysis.lines)
    return analysis.model_copy(update={"confidence": confidence, "lines": lines}), replace(call, confidence=confidence)


async def _with_reply(asker: Asker, work: Work, outcome: Outcome, analysis: Analysis) -> Outcome:
    """Add what support would say, as a suggestion to the staff; and to be sent where the distributor wants that and it is sure enough."""
    prompt = prompts.prompt_in_force(work.known, AgentType.CUSTOMER_SUPPORT)
    message = work.job.message

    def check(answer: Reply) -> str | None:
        return grounded(answer, work.facts, message.content)

    asked = await asker.ask(
        work.known,
        AgentType.CUSTOMER_SUPPORT,
        prompt.version,
        lambda model: prompts.replying(model, prompt, message, work.context, work.facts),
        check,
    )
    calls = (*outcome.calls, *(replace(call, confidence=call.stated_confidence) for call in asked.calls))
    if asked.result is None:
        return replace(outcome, calls=calls)
    terms, sure = work.known.terms, asked.calls[-1].stated_confidence or Decimal(0)
    at_once = terms is not None and terms.answers_questions and sure >= terms.confidence_threshold
    suggested = analysis.model_copy(update={"suggested_replies": (asked.result,)})
    return replace(outcome, calls=calls, analysis=suggested, reply=asked.result if at_once else None)


async def _try_shadow(asker: Asker, work: Work) -> Outcome:
    """Ask the first model by the version that is tried; nothing follows from it."""
    agent_type = work.job.agent_type
    prompt = work.known.shadows.get(agent_type)
    if prompt is None or prompt.version != work.job.prompt_version:
        return Outcome()
    asked = await _ask_meaning(asker, work, agent_type, prompt, rungs=asker.rungs_of(work.known)[:1])
    if asked.result is None:
        return Outcome(calls=asked.calls)
    _, call = _calibrated(work.known, asked.result, asked.calls[-1])
    return Outcome(calls=(*asked.calls[:-1], call))


async def _summarize(asker: Asker, work: Work) -> Outcome:
    prompt = prompts.prompt_in_force(work.known, AgentType.CONTEXT_MANAGER)
    if work.job.attempt > MOST_ATTEMPTS or not work.context.recent_messages:
        return Outcome()

    def check(answer: Summary) -> str:
        if not answer.summary.strip():
            raise NotInTheText("an empty summary")
        return answer.summary.strip()[:LONGEST_SUMMARY]

    asked = await asker.ask(
        work.known,
        AgentType.CONTEXT_MANAGER,
        prompt.version,
        lambda model: prompts.summarizing(model, prompt, work.context),
        check,
    )
    return Outcome(calls=asked.calls, summary=asked.result)


def _today(work: Work) -> date:
    sent_at = work.job.message.sent_at
    return (work.known.terms.day_of(sent_at) if work.known.terms else sent_at).date()
