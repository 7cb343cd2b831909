"""What was answered, and what went wrong. One statement a function."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from libs.postgres import Transaction
from schemas.ai_call_recorded import AgentType, AiCallRecorded
from schemas.analysis import Analysis
from services.ai_agent.asking import Call
from services.ai_agent.jobs_store import Claimed


@dataclass(frozen=True, slots=True)
class Answer:
    """One analysis of one message, and how long it took in milliseconds."""

    distributor_id: UUID
    message_id: UUID
    analysis: Analysis
    processing_time: int
    conversation_id: UUID | None = None
    attachment_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class MadeCall:
    """A call of a model, for whom, and whether anything followed from it."""

    job: Claimed
    call: Call
    was_used: bool
    text: str | None = None
    """What it says to people: a reply, a summary."""


async def insert_answers(tx: Transaction, answers: Sequence[Answer], model: str, version: str) -> None:
    """Keep analyses that are passed on, one for each message and version."""
    await tx.execute(
        """
        insert into ai_responses
               (distributor_id, message_id, conversation_id, attachment_id, agent_type, agent_version, confidence, processing_time, extracted_data,
                model_used, prompt_version, was_used)
        select distributor_id, message_id, conversation_id, attachment_id, $8, $10, confidence, processing_time, extracted_data, $9, $10, true
          from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::numeric[], $6::integer[], $7::text[]::jsonb[])
            as e (distributor_id, message_id, conversation_id, attachment_id, confidence, processing_time, extracted_data)
            on conflict do nothing
        """,
        [a.distributor_id for a in answers],
        [a.message_id for a in answers],
        [a.conversation_id for a in answers],
        [a.attachment_id for a in answers],
        [a.analysis.confidence for a in answers],
        [a.processing_time for a in answers],
        [a.analysis.model_dump_json() for a in answers],
        AgentType.MESSAGE_ANALYSIS,
        model,
        version,
    )


async def insert_calls(tx: Transaction, calls: Sequence[MadeCall]) -> None:
    """Keep calls of models, answered or not; of an answer that is there already, the first stays."""
    await tx.execute(
        """
        insert into ai_responses
               (distributor_id, id, message_id, conversation_id, attachment_id, agent_type, agent_version, response_content, confidence,
                stated_confidence, processing_time, extracted_data, tokens_used, input_tokens, cached_tokens, output_tokens, reasoning_tokens,
                cost_usd, model_used, prompt_version, request_id, status, was_used)
        select distributor_id, id, message_id, conversation_id, attachment_id, agent_type, version, text, confidence, stated, milliseconds, answer,
               input_tokens + output_tokens, input_tokens, cached_tokens, output_tokens, reasoning_tokens, cost_usd, model, version, request_id,
               status, was_used
          from jsonb_to_recordset($1)
            as e (distributor_id uuid, id uuid, message_id uuid, conversation_id uuid, attachment_id uuid, agent_type text, version text, text text,
                  confidence numeric, stated numeric, milliseconds int, answer jsonb, input_tokens int, cached_tokens int, output_tokens int,
                  reasoning_tokens int, cost_usd numeric, model text, request_id text, status text, was_used boolean)
            on conflict do nothing
        """,
        [_row(each) for each in calls],
    )


def _row(made: MadeCall) -> dict[str, Any]:
    job, call = made.job, made.call
    return {
        "distributor_id": job.distributor_id,
        "id": call.id,
        "message_id": job.message.message_id,
        "conversation_id": job.message.conversation_id,
        "attachment_id": job.attachment_id,
        "agent_type": call.agent_type,
        "version": call.prompt_version,
        "text": made.text,
        "confidence": call.confidence,
        "stated": call.stated_confidence,
        "milliseconds": call.milliseconds,
        "answer": {} if call.failure else call.answer,
        "input_tokens": call.usage.input_tokens,
        "cached_tokens": call.usage.cached_tokens,
        "output_tokens": call.usage.output_tokens,
        "reasoning_tokens": call.usage.reasoning_tokens,
        "cost_usd": call.cost_usd,
        "model": call.model,
        "request_id": call.request_id,
        "status": "FAILED" if call.failure else "SUCCEEDED",
        "was_used": made.was_used,
    }


async def insert_errors(tx: Transaction, failed: Sequence[MadeCall]) -> None:
    """Keep why models gave no answer."""
    rows = [
        {
            "distributor_id": each.job.distributor_id,
            "message_id": each.job.message.message_id,
            "conversation_id": each.job.message.conversation_id,
            "ai_response_id": each.call.id if each.call.made else None,
            "agent_type": each.call.agent_type,
            "model": each.call.model,
            "error_type": each.call.failure.error_type,
            "detail": each.call.failure.detail,
            "retryable": each.call.failure.retryable,
            "attempt": each.call.failure.attempts,
            "request_id": each.call.failure.request_id,
        }
        for each in failed
        if each.call.failure
    ]
    await tx.execute(
        """
        insert into ai_errors (distributor_id, message_id, conversation_id, ai_response_id, agent_type, model, error_type, detail, retryable,
                               attempt, provider_request_id)
        select * from jsonb_to_recordset($1)
            as e (distributor_id uuid, message_id uuid, conversation_id uuid, ai_response_id uuid, agent_type text, model text, error_type text,
                  detail text, retryable boolean, attempt int, request_id text)
        """,
        rows,
    )


async def insert_recorded_calls(tx: Transaction, events: Sequence[AiCallRecorded]) -> None:
    """Keep calls that other services have made about messages."""
    await tx.execute(
        """
        insert into ai_responses
               (distributor_id, id, message_id, conversation_id, agent_type, agent_version, processing_time, tokens_used, input_tokens, cached_tokens,
                output_tokens, reasoning_tokens, cost_usd, model_used, prompt_version, status, was_used)
        select distributor_id, call_id, message_id, conversation_id, agent_type, prompt_version, processing_time, input_tokens + output_tokens,
               input_tokens, cached_tokens, output_tokens, reasoning_tokens, cost_usd, model, prompt_version,
               case when succeeded then 'SUCCEEDED' else 'FAILED' end, succeeded
          from jsonb_to_recordset($1)
            as e (distributor_id uuid, call_id uuid, message_id uuid, conversation_id uuid, agent_type text, prompt_version text, processing_time int,
                  input_tokens int, cached_tokens int, output_tokens int, reasoning_tokens int, cost_usd numeric, model text, succeeded boolean)
         where message_id is not null
            on conflict do nothing
        """,
        list(events),
    )
