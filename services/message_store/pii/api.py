"""Staff's routes on personal data: what was found, its value for who may see it, and whether it was right."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, TypeAdapter

from libs import auth, postgres, service
from libs.auth import Caller, Role
from libs.idempotency import IdempotencyKey, once
from libs.postgres import Transaction
from libs.refused import Refused
from libs.service import Service
from schemas.pii_detected import PiiType
from services.message_store.pii import results_store, rules_api
from services.message_store.pii.results_store import Result
from services.message_store.pii.review import Reviewed, reveal, review

log = structlog.get_logger()

router = APIRouter(prefix="/v1/pii", tags=["personal data"])

Manager = Annotated[Caller, auth.require(Role.MANAGER)]
Admin = Annotated[Caller, auth.require(Role.ADMIN)]
This = Annotated[Service, Depends(service.of)]
NO_STORE = {"Cache-Control": "private, no-store"}

_as_json = TypeAdapter(Reviewed)


class Findings(BaseModel):
    """Some findings, the newest first, and the cursor of those that follow; null on the last page."""

    items: list[Result]
    next: str | None


class Value(BaseModel):
    """What was found."""

    value: str


class Review(BaseModel):
    """What somebody says of a finding."""

    model_config = ConfigDict(extra="forbid")

    false_positive: bool


class CursorUnknown(Refused):
    """A cursor that we did not hand out."""

    status = 400


@router.get("/findings")
async def list_findings(
    caller: Manager,
    this: This,
    pii_type: Annotated[PiiType | None, Query(alias="type")] = None,
    reviewed: bool | None = None,  # noqa: FBT001 - a query parameter
    message_id: UUID | None = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Findings:
    """What was found, without the values."""
    before = _decode(cursor) if cursor else None
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        found = await results_store.select_results(
            tx, caller.distributor_id, pii_type=pii_type, reviewed=reviewed, message_id=message_id, before=before, limit=limit
        )
    return Findings(items=found, next=_encode(found[-1]) if len(found) == limit else None)


@router.get("/findings/{finding_id}/value")
async def get_value(caller: Admin, this: This, response: Response, finding_id: UUID) -> Value:
    """The value of a finding, where it was kept. Who asks is logged."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        value = await reveal(tx, this.settings.master_key, caller.distributor_id, finding_id)
    log.info("pii_revealed", finding_id=str(finding_id), user_id=str(caller.user_id), distributor_id=str(caller.distributor_id))
    response.headers.update(NO_STORE)
    return Value(value=value)


@router.post("/findings/{finding_id}/review", response_model=Reviewed)
async def post_review(caller: Manager, this: This, request: Request, finding_id: UUID, said: Review, key: IdempotencyKey) -> JSONResponse:
    """Say that a finding was right, or a false positive: then its text says again what was masked, if that was kept and still fits."""

    async def act(tx: Transaction) -> tuple[int, dict[str, Any]]:
        done = await review(tx, this.settings.master_key, caller.distributor_id, finding_id, caller.user_id, false_positive=said.false_positive)
        return HTTPStatus.OK, _as_json.dump_python(done, mode="json")

    return await once(this.pool, caller.distributor_id, key, request.url.path.encode() + await request.body(), act)


router.include_router(rules_api.router)


def _encode(last: Result) -> str:
    return urlsafe_b64encode(f"{last.created_at.isoformat()} {last.id}".encode()).decode()


def _decode(cursor: str) -> tuple[datetime, UUID]:
    try:
        at, row_id = urlsafe_b64decode(cursor).decode().split(" ")
        return datetime.fromisoformat(at), UUID(row_id)
    except ValueError:
        raise CursorUnknown("this cursor is not one of ours; begin without one") from None
