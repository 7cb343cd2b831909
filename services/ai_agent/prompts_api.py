"""Routes on what agents are told to do."""

from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from libs import postgres
from libs.idempotency import Once
from libs.postgres import Transaction
from schemas.ai_call_recorded import AgentType
from services.ai_agent import prompts_registry, prompts_store
from services.ai_agent.paging import Admin, Operator, This
from services.ai_agent.prompts_store import NIL, PromptVersion

router = APIRouter(prefix="/v1/ai/prompts", tags=["prompts"])

Version = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class Scope(StrEnum):
    """For whom a version holds."""

    OWN = "OWN"
    ALL = "ALL"


class Status(StrEnum):
    """The statuses that a version can be given."""

    SHADOW = "SHADOW"
    ACTIVE = "ACTIVE"
    RETIRED = "RETIRED"


class ShownPrompt(BaseModel):
    """A version of what an agent is told to do."""

    id: UUID
    scope: Scope
    agent_type: AgentType
    version: str
    text: str
    status: str
    created_at: datetime


class NewPrompt(BaseModel):
    """A version to be tried: it begins as a DRAFT."""

    agent_type: AgentType
    version: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")
    text: str = Field(min_length=1, max_length=20_000)


class WantedStatus(BaseModel):
    """What is to become of a version."""

    status: Status


class Prompts(BaseModel):
    """Versions, newest first."""

    items: list[ShownPrompt]


@router.get("")
async def list_prompts(caller: Operator, this: This, agent_type: AgentType | None = None) -> Prompts:
    """The distributor's own versions, and those that hold for all."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        found = await prompts_store.select_versions(tx, caller.distributor_id, agent_type)
    return Prompts(items=[_shown(each) for each in found])


@router.post("", status_code=HTTPStatus.CREATED, response_model=ShownPrompt)
async def post_prompt(caller: Admin, once: Once, wanted: NewPrompt) -> JSONResponse:
    """Write a version of one's own. 409 where the name is taken."""

    async def create(tx: Transaction) -> ShownPrompt:
        return _shown(await prompts_registry.create(tx, caller.distributor_id, wanted.agent_type, wanted.version, wanted.text))

    return await once(create, HTTPStatus.CREATED)


@router.put("/{agent_type}/{version}/status")
async def put_status(caller: Admin, this: This, agent_type: AgentType, version: Version, wanted: WantedStatus) -> ShownPrompt:
    """Let a version of one's own run beside the one in force, put it in force, or retire it; what had that place is retired."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        return _shown(await prompts_registry.become(tx, caller.distributor_id, agent_type, version, wanted.status))


def _shown(version: PromptVersion) -> ShownPrompt:
    return ShownPrompt(scope=Scope.ALL if version.distributor_id == NIL else Scope.OWN, **_fields(version))


def _fields(version: PromptVersion) -> dict[str, Any]:
    return {name: value for name, value in asdict(version).items() if name in ShownPrompt.model_fields}
