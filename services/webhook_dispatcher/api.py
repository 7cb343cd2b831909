"""The owners' routes: their endpoints, and what was delivered to them."""

import json
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter

from libs import auth, postgres, public_addresses, service
from libs.auth import Caller, Role
from libs.idempotency import IdempotencyKey, once
from libs.postgres import Transaction
from libs.refused import Conflict, NotFound, Refused
from libs.service import Service
from services.webhook_dispatcher import delivery_store, endpoint_store
from services.webhook_dispatcher.create_endpoint import EndpointChanges, EndpointWanted, create_endpoint, secret_of
from services.webhook_dispatcher.delivery_store import Delivery
from services.webhook_dispatcher.endpoint_store import Endpoint
from services.webhook_dispatcher.settings import DispatcherSettings

router = APIRouter(prefix="/v1/webhook-endpoints", tags=["webhook endpoints"])

Admin = Annotated[Caller, auth.require(Role.ADMIN)]
This = Annotated[Service, Depends(service.of)]
Limit = Annotated[int, Query(ge=1, le=200)]
NEWEST = 2**63 - 1
FIRST = UUID(int=0)

_as_json = TypeAdapter(Endpoint)


class AddressNotAllowed(Refused):
    """The address is none that webhooks may go to."""


@router.post("", status_code=HTTPStatus.CREATED)
async def post_endpoint(caller: Admin, this: This, request: Request, wanted: EndpointWanted, key: IdempotencyKey) -> JSONResponse:
    """Create an endpoint. The answer shows `auth_value`, which nothing shows again; only the sealed one is kept."""
    _check_address(this, wanted.url)

    async def create(tx: Transaction) -> tuple[int, dict[str, Any]]:
        endpoint, _ = await create_endpoint(tx, this.settings.master_key, caller.distributor_id, wanted)
        return HTTPStatus.CREATED, _as_json.dump_python(endpoint, mode="json")

    answer = await once(this.pool, caller.distributor_id, key, await request.body(), create)
    created = json.loads(bytes(answer.body))
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        created["auth_value"] = await secret_of(tx, this.settings.master_key, caller.distributor_id, UUID(created["id"]))
    replayed = {name: value for name, value in answer.headers.items() if name.lower() == "idempotent-replayed"}
    return JSONResponse(created, status_code=answer.status_code, headers=replayed)


@router.get("")
async def list_endpoints(caller: Admin, this: This, cursor: UUID = FIRST, limit: Limit = 50) -> dict[str, Any]:
    """The endpoints; `next` is the cursor of the next page, null on the last."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        found = await endpoint_store.select_endpoints(tx, caller.distributor_id, cursor, limit)
    return {"items": found, "next": found[-1].id if len(found) == limit else None}


@router.get("/{endpoint_id}")
async def get_endpoint(caller: Admin, this: This, endpoint_id: UUID) -> Endpoint:
    """One endpoint, without its credentials."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        return _found(await endpoint_store.select_endpoint(tx, caller.distributor_id, endpoint_id), endpoint_id)


@router.patch("/{endpoint_id}")
async def patch_endpoint(caller: Admin, this: This, endpoint_id: UUID, wanted: EndpointChanges) -> Endpoint:
    """Change what the request names. `"active": true` also brings back an endpoint that we disabled, with the deliveries held for it."""
    changes = wanted.changes()
    if not changes:
        raise Refused("name at least one field that is to change")
    if "url" in changes:
        _check_address(this, wanted.url)
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        endpoint = _found(await endpoint_store.update_endpoint(tx, caller.distributor_id, endpoint_id, changes), endpoint_id)
        if changes.get("active"):
            await delivery_store.release_deliveries(tx, caller.distributor_id, endpoint_id)
    this.wake()
    return endpoint


@router.delete("/{endpoint_id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_endpoint(caller: Admin, this: This, endpoint_id: UUID) -> None:
    """Delete an endpoint and its deliveries; the log of attempts stays."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        if not await endpoint_store.delete_endpoint(tx, caller.distributor_id, endpoint_id):
            raise NotFound(f"there is no webhook endpoint {endpoint_id}")


@router.get("/{endpoint_id}/deliveries")
async def list_deliveries(
    caller: Admin, this: This, endpoint_id: UUID, cursor: Annotated[int, Query(ge=1, le=NEWEST)] = NEWEST, limit: Limit = 50
) -> dict[str, Any]:
    """The deliveries of an endpoint with their events, the newest first; `next` is the cursor of the next page, null on the last."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        _found(await endpoint_store.select_endpoint(tx, caller.distributor_id, endpoint_id), endpoint_id)
        found = await delivery_store.select_deliveries(tx, caller.distributor_id, endpoint_id, cursor, limit)
    return {"items": found, "next": found[-1]["position"] if len(found) == limit else None}


@router.post("/{endpoint_id}/deliveries/{delivery_id}/redeliver", status_code=HTTPStatus.ACCEPTED)
async def redeliver(caller: Admin, this: This, endpoint_id: UUID, delivery_id: UUID) -> Delivery:
    """Deliver once more, whatever became of it before. Safe to repeat: it makes nothing new."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        delivery = await delivery_store.redeliver(tx, caller.distributor_id, endpoint_id, delivery_id)
        if delivery is None:
            if await delivery_store.delivery_exists(tx, caller.distributor_id, endpoint_id, delivery_id):
                raise Conflict(f"delivery {delivery_id} is under way just now")
            raise NotFound(f"there is no delivery {delivery_id} to endpoint {endpoint_id}")
    this.wake()
    return delivery


def _found(endpoint: Endpoint | None, endpoint_id: UUID) -> Endpoint:
    if endpoint is None:
        raise NotFound(f"there is no webhook endpoint {endpoint_id}")
    return endpoint


def _check_address(this: Service, url: str) -> None:
    """Refuse early what would be refused when connecting. Raises AddressNotAllowed."""
    settings = this.settings
    assert isinstance(settings, DispatcherSettings)
    if reason := public_addresses.why_not(url, allow_loopback=settings.webhook_allow_loopback):
        raise AddressNotAllowed(reason)
