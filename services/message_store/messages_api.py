"""The messages of conversations: read page by page, and written by staff."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from libs import postgres
from libs.cursor import Cursors
from libs.idempotency import Once
from libs.postgres import Transaction
from libs.refused import NotFound, Refused
from services.message_store import inbox_store, messages_store, pages
from services.message_store.message import Message
from services.message_store.pages import Boundary, Bounds
from services.message_store.parameters import Limit, Operator, This
from services.message_store.send_reply import NewReply, QueuedReply, send_reply

router = APIRouter(prefix="/v1", tags=["messages"])

START = "start"
_cursors: Cursors[Boundary] = Cursors("messages/1", Boundary)

Before = Annotated[str | None, Query(min_length=1, max_length=2_500, description="Messages before this cursor")]
After = Annotated[str | None, Query(min_length=1, max_length=2_500, description=f"Messages after this cursor; `{START}`: from the first one on")]
WithRevisions = Annotated[bool, Query(description="With what changed messages said before")]


class MessagePage(BaseModel):
    """Some messages of a conversation in order of time, and the cursors of those around them."""

    items: list[Message]
    previous: str | None = Field(description="Give it as `before`; null where nothing is earlier")
    next: str | None = Field(description="Give it as `after`; null where nothing is later yet")
    end: str = Field(description="Where this page ends. Give it as `after` to look whether something has come since")


class AskedInBothDirections(Refused):
    """A page cannot be both before and after."""


@router.get("/conversations/{conversation_id}/messages")
async def list_messages(
    caller: Operator,
    this: This,
    conversation_id: UUID,
    *,
    before: Before = None,
    after: After = None,
    revisions: WithRevisions = False,
    limit: Limit = 50,
) -> MessagePage:
    """Messages of a conversation, and of those merged into it, in order of time: the last ones, or those before or after a cursor."""
    if before is not None and after is not None:
        raise AskedInBothDirections("name either before or after")
    cursor = before or after
    given = _cursors.decode(cursor) if cursor and after != START else {}
    tenant = caller.distributor_id
    async with postgres.tenant_transaction(this.pool, [tenant]) as tx:
        parts = await inbox_store.select_parts(tx, tenant, conversation_id)
        if not parts:
            raise NotFound(f"there is no conversation {conversation_id}")
        if after is None:
            end = pages.last_boundary(parts, given)
            found = await messages_store.select_messages_before(tx, tenant, end, limit)
            bounds = pages.before(parts, end, _places(found), limit)
        else:
            start = pages.first_boundary(parts, given)
            found = await messages_store.select_messages_after(tx, tenant, start, limit)
            bounds = pages.after(parts, start, _places(found), limit)
        items = await _whole(tx, tenant, found, revisions=revisions)
    return _page(items, bounds)


@router.post("/conversations/{conversation_id}/messages", status_code=HTTPStatus.CREATED, response_model=QueuedReply)
async def post_message(caller: Operator, once: Once, conversation_id: UUID, wanted: NewReply) -> JSONResponse:
    """Answer a customer. The message is stored as QUEUED and sent from there; its status tells how far it came."""
    return await once(lambda tx: send_reply(tx, caller.distributor_id, conversation_id, wanted), HTTPStatus.CREATED)


@router.get("/messages/{message_id}")
async def get_message(caller: Operator, this: This, message_id: UUID) -> Message:
    """One message, with what it said before it was changed."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        found = await messages_store.select_message(tx, caller.distributor_id, message_id)
        if found is None:
            raise NotFound(f"there is no message {message_id}")
        [message] = await _whole(tx, caller.distributor_id, [found], revisions=True)
    return message


async def _whole(tx: Transaction, distributor_id: UUID, messages: list[Message], *, revisions: bool) -> list[Message]:
    """Add the files of messages, and what those that were changed said before."""
    ids = [message.id for message in messages]
    files = await messages_store.select_attachments(tx, distributor_id, ids)
    said = await messages_store.select_revisions(tx, distributor_id, ids) if revisions else None
    return [
        message.model_copy(update={"attachments": files.get(message.id, []), "revisions": None if said is None else said.get(message.id, [])})
        for message in messages
    ]


def _places(messages: list[Message]) -> list[tuple[UUID, int]]:
    return [(message.conversation_id, message.thread_position) for message in messages]


def _page(items: list[Message], bounds: Bounds) -> MessagePage:
    end = _cursors.encode(bounds.end)
    return MessagePage(
        items=items,
        previous=_cursors.encode(bounds.start) if bounds.anything_before else None,
        next=end if bounds.anything_after else None,
        end=end,
    )
