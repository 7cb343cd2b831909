"""The owners' routes: what is looked for, what is done about it, and what a rule would find."""

from collections import Counter
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, TypeAdapter

from libs import auth, postgres, service
from libs.auth import Caller, Role
from libs.idempotency import IdempotencyKey, once
from libs.postgres import Transaction
from libs.refused import Conflict, NotFound, Refused
from libs.service import Service
from schemas.pii_detected import PiiType
from services.message_store.pii import patterns, rules_store
from services.message_store.pii.domain import counted, rules_of
from services.message_store.pii.rule_form import RuleForm
from services.message_store.pii.rules import DEFAULTS, Rule

router = APIRouter(prefix="/rules")

Manager = Annotated[Caller, auth.require(Role.MANAGER)]
Admin = Annotated[Caller, auth.require(Role.ADMIN)]
This = Annotated[Service, Depends(service.of)]
IfMatch = Annotated[str, Header(alias="If-Match", max_length=200, description="The ETag of the rule that is to be changed")]
MOST_RULES = 100

_as_json = TypeAdapter(Rule)


class Rules(BaseModel):
    """The rules that hold: the tenant's own, and by default, without an id, those of the types that it has none for."""

    items: list[Rule]


class DryRun(BaseModel):
    """A rule that is not there yet, and on how many of the newest messages it is to be tried."""

    rule: RuleForm
    last: Annotated[int, Field(ge=1, le=1_000)] = 200


class WouldFind(BaseModel):
    """How many messages were looked at, in how many the rule finds something, and how much."""

    messages: int
    messages_with_findings: int
    findings: dict[PiiType, int]


class ChangedSince(Refused):
    """The rule is another than the caller has in hand."""

    status = 412


@router.get("")
async def list_rules(caller: Manager, this: This) -> Rules:
    """The rules that hold."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        own = await rules_store.select_rules_of(tx, [caller.distributor_id])
    return Rules(items=rules_of(own.get(caller.distributor_id, ()), DEFAULTS))


@router.post("", status_code=HTTPStatus.CREATED, response_model=Rule)
async def post_rule(caller: Admin, this: This, request: Request, wanted: RuleForm, key: IdempotencyKey) -> JSONResponse:
    """Add a rule; it holds for what is scanned from then on."""
    _check(wanted)

    async def create(tx: Transaction) -> tuple[int, dict[str, Any]]:
        if await rules_store.count_rules(tx, caller.distributor_id) >= MOST_RULES:
            raise Conflict(f"there are {MOST_RULES} rules already; delete one that is not needed")
        made = await rules_store.insert_rule(tx, caller.distributor_id, wanted.rule())
        return HTTPStatus.CREATED, _as_json.dump_python(made, mode="json")

    return await once(this.pool, caller.distributor_id, key, await request.body(), create)


@router.post("/dry-run")
async def dry_run(caller: Admin, this: This, wanted: DryRun) -> WouldFind:
    """Say what a rule would find in the newest messages, in numbers only; nothing is changed."""
    _check(wanted.rule)
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        texts = await rules_store.select_newest_texts(tx, caller.distributor_id, wanted.last)
    counts = [counted(text, language, wanted.rule.rule()) for language, text in texts]
    return WouldFind(messages=len(texts), messages_with_findings=sum(bool(each) for each in counts), findings=sum(counts, Counter()))


@router.get("/{rule_id}")
async def get_rule(caller: Manager, this: This, response: Response, rule_id: UUID) -> Rule:
    """One rule of the tenant's own."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        found = await rules_store.select_rule(tx, caller.distributor_id, rule_id)
    if found is None:
        raise NotFound(f"there is no rule {rule_id}")
    response.headers["ETag"] = _etag(found.version)
    return found


@router.put("/{rule_id}")
async def put_rule(caller: Admin, this: This, response: Response, rule_id: UUID, wanted: RuleForm, if_match: IfMatch) -> Rule:
    """Replace a rule; what it found before stays as it is."""
    _check(wanted)
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        current = await rules_store.select_rule(tx, caller.distributor_id, rule_id)
        if current is None:
            raise NotFound(f"there is no rule {rule_id}")
        version = current.version if if_match in ("*", _etag(current.version)) else None
        changed = await rules_store.update_rule(tx, caller.distributor_id, rule_id, version, wanted.rule()) if version else None
    if changed is None:
        raise ChangedSince("the rule was changed since; get it and decide anew")
    response.headers["ETag"] = _etag(changed.version)
    return changed


@router.delete("/{rule_id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_rule(caller: Admin, this: This, rule_id: UUID) -> None:
    """Delete a rule: its type is treated by default again. What it found stays."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        if not await rules_store.delete_rule(tx, caller.distributor_id, rule_id):
            raise NotFound(f"there is no rule {rule_id}")


def _check(wanted: RuleForm) -> None:
    if wanted.pattern is not None:
        patterns.check(wanted.pattern)


def _etag(version: int) -> str:
    return f'"{version}"'
