"""The statements on answers and errors as people look at them."""

from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from libs.postgres import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What an agent answered about a message, what that cost, and what people said of it."""

    id: UUID
    message_id: UUID
    conversation_id: UUID | None
    attachment_id: UUID | None
    agent_type: str
    agent_version: str
    response_content: str | None
    confidence: Decimal | None
    stated_confidence: Decimal | None
    processing_time: int
    extracted_data: dict[str, Any]
    tokens_used: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cost_usd: Decimal
    model_used: str
    prompt_version: str
    request_id: str | None
    status: str
    human_feedback: str | None
    human_feedback_notes: str | None
    feedback_by: UUID | None
    feedback_at: datetime | None
    was_used: bool
    outcome: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """Why a model gave no answer."""

    id: UUID
    message_id: UUID
    conversation_id: UUID
    ai_response_id: UUID | None
    agent_type: str
    model: str
    error_type: str
    detail: str
    retryable: bool
    attempt: int
    provider_request_id: str | None
    resolved_at: datetime | None
    created_at: datetime


_OF_RESPONSE = ", ".join(field.name for field in fields(Response))
_OF_ERROR = ", ".join(field.name for field in fields(Error))


async def select_responses(
    tx: Transaction,
    distributor_id: UUID,
    before: UUID,
    limit: int,
    message_id: UUID | None,
    conversation_id: UUID | None,
    agent_type: str | None,
    feedback: str | None,
) -> list[Response]:
    """Return answers, newest first, from the one before `before` on."""
    rows = await tx.fetch(
        f"""
        select {_OF_RESPONSE} from ai_responses
         where distributor_id = $1 and id < $2 and ($4::uuid is null or message_id = $4) and ($5::uuid is null or conversation_id = $5)
           and ($6::text is null or agent_type = $6) and ($7::text is null or human_feedback = $7)
         order by id desc limit $3
        """,  # noqa: S608 - our own column names
        distributor_id,
        before,
        limit,
        message_id,
        conversation_id,
        agent_type,
        feedback,
    )
    return [Response(**row) for row in rows]


async def select_response(tx: Transaction, distributor_id: UUID, response_id: UUID) -> Response | None:
    """Return an answer."""
    row = await tx.fetchrow(f"select {_OF_RESPONSE} from ai_responses where distributor_id = $1 and id = $2", distributor_id, response_id)  # noqa: S608 - our own column names
    return Response(**row) if row else None


async def update_feedback(
    tx: Transaction, distributor_id: UUID, response_id: UUID, user_id: UUID, feedback: str, notes: str | None
) -> Response | None:
    """Keep what a person says of an answer, in place of what anybody said before."""
    row = await tx.fetchrow(
        f"""
        update ai_responses set human_feedback = $4, human_feedback_notes = $5, feedback_by = $3, feedback_at = now()
         where distributor_id = $1 and id = $2
        returning {_OF_RESPONSE}
        """,  # noqa: S608 - our own column names
        distributor_id,
        response_id,
        user_id,
        feedback,
        notes,
    )
    return Response(**row) if row else None


async def select_errors(
    tx: Transaction, distributor_id: UUID, before: UUID, limit: int, error_type: str | None, message_id: UUID | None, *, unresolved_only: bool
) -> list[Error]:
    """Return errors, newest first, from the one before `before` on."""
    rows = await tx.fetch(
        f"""
        select {_OF_ERROR} from ai_errors
         where distributor_id = $1 and id < $2 and ($4::text is null or error_type = $4) and ($5::uuid is null or message_id = $5)
           and not ($6 and resolved_at is not null)
         order by id desc limit $3
        """,  # noqa: S608 - our own column names
        distributor_id,
        before,
        limit,
        error_type,
        message_id,
        unresolved_only,
    )
    return [Error(**row) for row in rows]


async def update_resolved(tx: Transaction, distributor_id: UUID, error_id: UUID) -> Error | None:
    """Note that an error was looked at; the first time counts."""
    row = await tx.fetchrow(
        f"update ai_errors set resolved_at = coalesce(resolved_at, now()) where distributor_id = $1 and id = $2 returning {_OF_ERROR}",  # noqa: S608 - our own column names
        distributor_id,
        error_id,
    )
    return Error(**row) if row else None
