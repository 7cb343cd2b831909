"""Orders and sessions, read."""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from libs import auth, postgres, service
from libs.auth import Caller, Role
from libs.refused import NotFound
from libs.service import Service
from schemas.order import OrderStatus
from services.order_session import order_store, store

router = APIRouter(prefix="/v1", tags=["orders"])

Operator = Annotated[Caller, auth.require(Role.OPERATOR)]
This = Annotated[Service, Depends(service.of)]


@router.get("/orders")
async def list_orders(
    caller: Operator,
    this: This,
    status: OrderStatus | None = None,
    cursor: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """Orders, the newest first; `next` is the cursor of the next page, null on the last."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        found = await order_store.select_orders(tx, caller.distributor_id, cursor, limit, status)
    return {"items": found, "next": found[-1]["order_number"] if len(found) == limit else None}


@router.get("/orders/{order_id}")
async def get_order(caller: Operator, this: This, order_id: UUID) -> dict[str, Any]:
    """An order with its lines."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        order = await order_store.select_order(tx, caller.distributor_id, order_id)
        if order is None:
            raise NotFound(f"there is no order {order_id}")
        return order | {"lines": await order_store.select_order_products(tx, caller.distributor_id, order_id)}


@router.get("/conversations/{conversation_id}/session")
async def get_session(caller: Operator, this: This, conversation_id: UUID) -> dict[str, Any]:
    """The newest order session of a conversation: its state, its items, and all that happened in it."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        session = await store.select_newest_session(tx, caller.distributor_id, conversation_id)
        if session is None:
            raise NotFound(f"there is no order session in conversation {conversation_id}")
        events = await store.select_session_events(tx, caller.distributor_id, session.id)
    items = [item.model_dump(mode="json") for item in session.open_items]
    return asdict(session) | {"items": items, "events": events}
