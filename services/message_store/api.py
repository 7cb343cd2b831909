"""The inbox, read: conversations and their messages."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from libs import auth, postgres, service
from libs.auth import Caller, Role
from libs.refused import NotFound, Refused
from libs.service import Service
from services.message_store import inbox_store

router = APIRouter(prefix="/v1/conversations", tags=["conversations"])

Operator = Annotated[Caller, auth.require(Role.OPERATOR)]
This = Annotated[Service, Depends(service.of)]
Limit = Annotated[int, Query(ge=1, le=200)]


class CursorUnknown(Refused):
    """A cursor that we did not hand out."""

    status = 400


@router.get("")
async def list_conversations(
    caller: Operator, this: This, cursor: Annotated[str | None, Query(max_length=200)] = None, limit: Limit = 50
) -> dict[str, Any]:
    """Conversations, the newest first; `next` is the cursor of the next page, null on the last."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        found = await inbox_store.select_conversations(tx, caller.distributor_id, _decode(cursor) if cursor else None, limit)
    return {"items": found, "next": _encode(found[-1]["last_message_at"], found[-1]["id"]) if len(found) == limit else None}


@router.get("/{conversation_id}/messages")
async def list_messages(
    caller: Operator, this: This, conversation_id: UUID, after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0, limit: Limit = 50
) -> dict[str, Any]:
    """The messages of a conversation in their order, from the place after `after` on."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        if not await inbox_store.conversation_exists(tx, caller.distributor_id, conversation_id):
            raise NotFound(f"there is no conversation {conversation_id}")
        found = await inbox_store.select_messages(tx, caller.distributor_id, conversation_id, after, limit)
    return {"items": found, "next": found[-1]["thread_position"] if len(found) == limit else None}


def _encode(at: datetime, row_id: UUID) -> str:
    return urlsafe_b64encode(f"{at.isoformat()} {row_id}".encode()).decode()


def _decode(cursor: str) -> tuple[datetime, UUID]:
    try:
        at, row_id = urlsafe_b64decode(cursor).decode().split(" ")
        return datetime.fromisoformat(at), UUID(row_id)
    except ValueError:
        raise CursorUnknown("this cursor is not one of ours; begin without one") from None
