"""Routes on what was answered, and what people say of it."""

from enum import StrEnum
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from libs import postgres
from libs.cursor import Cursors
from libs.llm.call import ErrorType
from libs.refused import NotFound
from schemas.ai_call_recorded import AgentType
from services.ai_agent import responses_store, training_store
from services.ai_agent.forms import MessageRead
from services.ai_agent.paging import LAST, Cursor, Limit, Operator, This, place
from services.ai_agent.redaction import redact
from services.ai_agent.responses_store import Error, Response

router = APIRouter(prefix="/v1/ai", tags=["ai"])

_responses: Cursors[UUID] = Cursors("ai-responses/1", UUID)
_errors: Cursors[UUID] = Cursors("ai-errors/1", UUID)


class Feedback(StrEnum):
    """What people say of an answer."""

    HELPFUL = "HELPFUL"
    PARTIALLY_HELPFUL = "PARTIALLY_HELPFUL"
    NOT_HELPFUL = "NOT_HELPFUL"


class Correction(BaseModel):
    """What the answer should have been: it becomes an example to learn from, its text without personal data."""

    input_text: str = Field(min_length=1, max_length=20_000)
    expected_output: MessageRead


class GivenFeedback(BaseModel):
    """A person's word on an answer."""

    feedback: Feedback
    notes: str | None = Field(default=None, max_length=2_000)
    correction: Correction | None = None


class ResponsePage(BaseModel):
    """Some answers, and the cursor of those that follow; null on the last page."""

    items: list[Response]
    next: str | None


class ErrorPage(BaseModel):
    """Some errors, and the cursor of those that follow; null on the last page."""

    items: list[Error]
    next: str | None


@router.get("/responses")
async def list_responses(
    caller: Operator,
    this: This,
    message_id: UUID | None = None,
    conversation_id: UUID | None = None,
    agent_type: AgentType | None = None,
    feedback: Feedback | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ResponsePage:
    """Answers, newest first."""
    before = place(_responses, cursor, LAST)
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        found = await responses_store.select_responses(tx, caller.distributor_id, before, limit, message_id, conversation_id, agent_type, feedback)
    return ResponsePage(items=found, next=_responses.encode(found[-1].id) if len(found) == limit else None)


@router.get("/responses/{response_id}")
async def get_response(caller: Operator, this: This, response_id: UUID) -> Response:
    """One answer."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        return _found(await responses_store.select_response(tx, caller.distributor_id, response_id), response_id)


@router.put("/responses/{response_id}/feedback")
async def put_feedback(caller: Operator, this: This, response_id: UUID, given: GivenFeedback) -> Response:
    """Say how good an answer was, in place of what was said before; a correction is kept as an example, one for each message."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        response = _found(
            await responses_store.update_feedback(tx, caller.distributor_id, response_id, caller.user_id, given.feedback, given.notes), response_id
        )
        if given.correction:
            example = {
                "agent_type": response.agent_type,
                "input_text": redact(given.correction.input_text),
                "expected_output": given.correction.expected_output.model_dump(mode="json"),
                "actual_output": response.extracted_data,
                "actual_confidence": response.confidence,
                "data_source": "EXPERT_REVIEW",
                "ai_response_id": response.id,
                "message_id": response.message_id,
                "redacted": True,
            }
            await training_store.insert_examples(tx, caller.distributor_id, [example])
    return response


@router.get("/errors")
async def list_errors(
    caller: Operator,
    this: This,
    error_type: ErrorType | None = None,
    message_id: UUID | None = None,
    unresolved_only: Annotated[bool, Query()] = False,  # noqa: FBT002 - a query parameter
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ErrorPage:
    """Why models gave no answer, newest first."""
    before = place(_errors, cursor, LAST)
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        found = await responses_store.select_errors(tx, caller.distributor_id, before, limit, error_type, message_id, unresolved_only=unresolved_only)
    return ErrorPage(items=found, next=_errors.encode(found[-1].id) if len(found) == limit else None)


@router.put("/errors/{error_id}/resolved", status_code=HTTPStatus.OK)
async def put_resolved(caller: Operator, this: This, error_id: UUID) -> Error:
    """Note that an error was looked at."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        resolved = await responses_store.update_resolved(tx, caller.distributor_id, error_id)
    if resolved is None:
        raise NotFound(f"there is no error {error_id}")
    return resolved


def _found(response: Response | None, response_id: UUID) -> Response:
    if response is None:
        raise NotFound(f"there is no response {response_id}")
    return response
