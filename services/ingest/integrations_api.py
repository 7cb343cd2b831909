"""The owners' routes: the accounts at providers by which they receive and send messages."""

import json
from dataclasses import asdict, replace
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, TypeAdapter, ValidationError

from libs import auth, postgres, public_addresses, service
from libs.auth import Caller, Role
from libs.idempotency import IdempotencyKey, once
from libs.postgres import Transaction
from libs.refused import NotFound, Refused
from libs.service import Service
from schemas.integration_changed import IntegrationStatus
from services.ingest import integrations_registry, integrations_store
from services.ingest.integration import Integration, IntegrationWithSecret, webhook_url
from services.ingest.integration_form import AnyWanted, GatewayConfig, Wanted, any_wanted
from services.ingest.integrations_registry import NONE_BEFORE, WEBHOOK_SECRET
from services.ingest.settings import IngestSettings

router = APIRouter(prefix="/v1/integrations", tags=["integrations"])

Operator = Annotated[Caller, auth.require(Role.OPERATOR)]
Admin = Annotated[Caller, auth.require(Role.ADMIN)]
This = Annotated[Service, Depends(service.of)]
Patch = Annotated[dict[str, Any], Body(description="JSON merge patch (RFC 7396); webhook_secret null: a new one is made")]
IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=200, description="The ETag of what is to be changed")]
REPLAYED = "Idempotent-Replayed"
FIXED = ("provider", "channel", "external_account_id")

_as_json = TypeAdapter(Integration)


class IntegrationPage(BaseModel):
    """Some integrations, and the cursor of those that follow; null on the last page."""

    items: list[Integration]
    next: UUID | None


class ChangedSince(Refused):
    """The integration is another than the caller has in hand."""

    status = 412


@router.post("", status_code=HTTPStatus.CREATED, response_model=IntegrationWithSecret)
async def post_integration(caller: Admin, this: This, request: Request, wanted: AnyWanted, key: IdempotencyKey) -> JSONResponse:
    """Connect an account. The answer shows `webhook_secret`, which nothing shows again; credentials are shown by nothing."""
    _check_reply_url(request, wanted)

    async def create(tx: Transaction) -> tuple[int, dict[str, Any]]:
        made = await integrations_registry.create(tx, this.settings.master_key, caller.distributor_id, wanted, _public_url(request))
        return HTTPStatus.CREATED, _as_json.dump_python(made, mode="json")

    answer = await once(this.pool, caller.distributor_id, key, await request.body(), create)
    this.wake()
    created = json.loads(bytes(answer.body))
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        secret = await integrations_registry.webhook_secret_of(tx, this.settings.master_key, caller.distributor_id, UUID(created["id"]))
    headers = {REPLAYED: answer.headers[REPLAYED]} if REPLAYED in answer.headers else {}
    return JSONResponse(created | {WEBHOOK_SECRET: secret}, status_code=answer.status_code, headers={"ETag": _etag(created["version"]), **headers})


@router.get("")
async def list_integrations(
    caller: Operator, this: This, request: Request, cursor: UUID = NONE_BEFORE, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> IntegrationPage:
    """The integrations."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        found = await integrations_store.select_integrations(tx, caller.distributor_id, cursor, limit)
    return IntegrationPage(items=[_shown(request, each) for each in found], next=found[-1].id if len(found) == limit else None)


@router.get("/{integration_id}")
async def get_integration(caller: Operator, this: This, request: Request, response: Response, integration_id: UUID) -> Integration:
    """One integration, without its secrets."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        found = await integrations_store.select_integration(tx, caller.distributor_id, integration_id)
    if found is None:
        raise NotFound(f"there is no integration {integration_id}")
    response.headers["ETag"] = _etag(found.version)
    return _shown(request, found)


@router.patch("/{integration_id}")
async def patch_integration(
    caller: Admin, this: This, request: Request, response: Response, integration_id: UUID, patch: Patch, if_match: IfMatch = None
) -> IntegrationWithSecret:
    """Change what is named. `"status": "ACTIVE"` and new credentials forget earlier failures; an account cannot become another."""
    master_key, tenant, secret = this.settings.master_key, caller.distributor_id, None
    async with postgres.tenant_transaction(this.pool, [tenant]) as tx:
        current = await integrations_registry.find(tx, tenant, integration_id)
        _check_version(if_match, current)
        wanted = _patched(current, patch)
        _check_reply_url(request, wanted)
        changed = await integrations_registry.change(tx, master_key, tenant, integration_id, wanted, patch.keys(), _public_url(request))
        if WEBHOOK_SECRET in patch:
            secret = await integrations_registry.webhook_secret_of(tx, master_key, tenant, integration_id)
    this.wake()
    response.headers["ETag"] = _etag(changed.version)
    return IntegrationWithSecret(**asdict(changed), webhook_secret=secret)


@router.delete("/{integration_id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_integration(caller: Admin, this: This, integration_id: UUID, if_match: IfMatch = None) -> None:
    """Disconnect an account. Where messages came in by it, the integration stays, INACTIVE and without its secrets."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        current = await integrations_registry.find(tx, caller.distributor_id, integration_id)
        _check_version(if_match, current)
        await integrations_registry.delete(tx, caller.distributor_id, current)
    this.wake()


def _patched(current: Integration, patch: dict[str, Any]) -> Wanted:
    if not patch:
        raise Refused("name at least one field that is to change")
    if fixed := [name for name in FIXED if name in patch]:
        raise Refused(f"{', '.join(fixed)} cannot change; connect the other account as an integration of its own")
    inactive = current.status == IntegrationStatus.INACTIVE
    wanted: dict[str, Any] = {
        **{name: getattr(current, name) for name in (*FIXED, "display_name", "provider_version")},
        "status": IntegrationStatus.INACTIVE if inactive else IntegrationStatus.ACTIVE,
        **patch,
        "config": _merged(current.config, patch.get("config", {})),
    }
    try:
        return any_wanted.validate_python(wanted)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from None


def _merged(config: dict[str, Any], patch: object) -> object:
    if patch is None:
        return {}
    return config | patch if isinstance(patch, dict) else patch


def _etag(version: int) -> str:
    return f'"{version}"'


def _check_version(if_match: str | None, current: Integration) -> None:
    if if_match is not None and not {"*", _etag(current.version)} & {each.strip() for each in if_match.split(",")}:
        raise ChangedSince(f"the integration was changed since: its ETag is {_etag(current.version)} now; get it and decide anew")


def _check_reply_url(request: Request, wanted: Wanted) -> None:
    """Refuse an address that we would never call. What a name leads to is looked at when it is called."""
    url = wanted.config.reply_url if isinstance(wanted.config, GatewayConfig) else None
    if url and (reason := public_addresses.why_not(url, allow_loopback=_settings(request).gateway_allow_loopback)):
        raise Refused(f"config.reply_{reason}")


def _shown(request: Request, integration: Integration) -> Integration:
    return replace(integration, webhook_url=webhook_url(_public_url(request), integration.provider, integration.id))


def _public_url(request: Request) -> str:
    """Return what the addresses begin with that providers call."""
    return _settings(request).public_url or str(request.base_url)


def _settings(request: Request) -> IngestSettings:
    settings = request.app.state.service.settings
    assert isinstance(settings, IngestSettings)
    return settings
