"""Routes on examples to learn from."""

from collections.abc import AsyncGenerator
from dataclasses import asdict
from decimal import Decimal
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Query
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError

from libs import postgres
from libs.cursor import Cursors
from libs.idempotency import Once
from libs.postgres import Transaction
from libs.refused import Conflict, NotFound, Refused
from libs.service import Service
from schemas.ai_call_recorded import AgentType
from schemas.analysis import Confidence
from services.ai_agent import training_export, training_store
from services.ai_agent.paging import FIRST, Cursor, Limit, Manager, Operator, This, place
from services.ai_agent.redaction import redact
from services.ai_agent.training_store import SETTABLE, Example

router = APIRouter(prefix="/v1/ai/training-data", tags=["training data"])

_cursors: Cursors[UUID] = Cursors("ai-training-data/1", UUID)


class DataSource(StrEnum):
    """Where an example comes from."""

    MANUAL_ENTRY = "MANUAL_ENTRY"
    CORRECTED_AI_OUTPUT = "CORRECTED_AI_OUTPUT"
    EXPERT_REVIEW = "EXPERT_REVIEW"


class Change(BaseModel):
    """What can be changed of an example. Personal data is taken out of the text."""

    model_config = ConfigDict(extra="forbid")

    input_text: str = Field(min_length=1, max_length=20_000)
    input_context: dict[str, Any] = Field(default_factory=dict)
    expected_output: dict[str, Any]
    expected_confidence: Confidence | None = None
    quality_score: int | None = Field(default=None, ge=1, le=5)
    used_in_training: bool = False
    training_batch: str | None = Field(default=None, max_length=200)


class NewExample(Change):
    """A message, and what it means in the form in which models answer."""

    agent_type: AgentType = AgentType.MESSAGE_ANALYSIS
    data_source: DataSource = DataSource.MANUAL_ENTRY
    message_id: UUID | None = None
    actual_output: dict[str, Any] | None = None
    actual_confidence: Decimal | None = Field(default=None, ge=0, le=1)


class ExamplePage(BaseModel):
    """Some examples, and the cursor of those that follow; null on the last page."""

    items: list[Example]
    next: str | None


Patch = Annotated[dict[str, Any], Body(description=f"JSON merge patch (RFC 7396) of {', '.join(SETTABLE)}")]


@router.get("")
async def list_examples(caller: Operator, this: This, data_source: DataSource | None = None, cursor: Cursor = None, limit: Limit = 50) -> ExamplePage:
    """Examples, oldest first."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        found = await training_store.select_examples(tx, caller.distributor_id, place(_cursors, cursor, FIRST), limit, data_source)
    return ExamplePage(items=found, next=_cursors.encode(found[-1].id) if len(found) == limit else None)


@router.get("/export", response_class=StreamingResponse)
async def export_examples(
    caller: Manager,
    this: This,
    unused_only: Annotated[bool, Query()] = False,  # noqa: FBT002 - a query parameter
) -> StreamingResponse:
    """All examples as JSON Lines, in the form that fine-tuning takes: {"messages": […]} a line."""
    return StreamingResponse(_lines(this, caller.distributor_id, unused_only=unused_only), media_type="application/jsonl")


async def _lines(this: Service, distributor_id: UUID, *, unused_only: bool) -> AsyncGenerator[str]:
    async for example in training_export.all_examples(this.pool, distributor_id, unused_only=unused_only):
        yield training_export.line_of(example)


@router.get("/{example_id}")
async def get_example(caller: Operator, this: This, example_id: UUID) -> Example:
    """One example."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        return _found(await training_store.select_example(tx, caller.distributor_id, example_id), example_id)


@router.post("", status_code=HTTPStatus.CREATED, response_model=Example)
async def post_example(caller: Manager, once: Once, wanted: NewExample) -> JSONResponse:
    """Teach an example. 409 where the message has taught one of this source before."""

    async def create(tx: Transaction) -> RootModel[Example]:
        row = wanted.model_dump(mode="json") | {"input_text": redact(wanted.input_text), "redacted": True}
        kept = await training_store.insert_examples(tx, caller.distributor_id, [row])
        if not kept:
            raise Conflict("this message has taught an example of this source already; change that one")
        return RootModel[Example](kept[0])

    return await once(create, HTTPStatus.CREATED)


@router.patch("/{example_id}")
async def patch_example(caller: Manager, this: This, example_id: UUID, patch: Patch) -> Example:
    """Change what is named."""
    if not patch:
        raise Refused("name at least one field that is to change")
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        current = asdict(_found(await training_store.select_example(tx, caller.distributor_id, example_id), example_id))
        try:
            wanted = Change.model_validate({name: current[name] for name in SETTABLE} | patch)
        except ValidationError as error:
            raise RequestValidationError(error.errors()) from None
        changes = {name: value for name, value in wanted.model_dump().items() if name in patch}
        if "input_text" in changes:
            changes["input_text"] = redact(wanted.input_text)
        return _found(await training_store.update_example(tx, caller.distributor_id, example_id, changes), example_id)


@router.delete("/{example_id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_example(caller: Manager, this: This, example_id: UUID) -> None:
    """Forget an example."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        if not await training_store.delete_example(tx, caller.distributor_id, example_id):
            raise NotFound(f"there is no example {example_id}")


def _found(example: Example | None, example_id: UUID) -> Example:
    if example is None:
        raise NotFound(f"there is no example {example_id}")
    return example
