"""The inbox: conversations, and what staff do with them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel, Field

from libs import postgres
from libs.cursor import Cursors
from libs.idempotency import Once
from libs.postgres import Transaction
from libs.refused import NotFound
from schemas.contact import Channel
from services.message_store import inbox_store
from services.message_store.conversation import Conversation, ConversationStatus
from services.message_store.inbox_store import Filters
from services.message_store.linking import link_contact
from services.message_store.parameters import Cursor, Limit, Manager, Operator, This

router = APIRouter(prefix="/v1/conversations", tags=["conversations"])

_cursors: Cursors[tuple[datetime, UUID]] = Cursors("conversations/1", tuple[AwareDatetime, UUID])


class ConversationPage(BaseModel):
    """Some conversations, and the cursor of those that follow; null on the last page."""

    items: list[Conversation]
    next: str | None


class ReadUpTo(BaseModel):
    """How far was read."""

    message_id: UUID | None = Field(default=None, description="The last message that was read; left out: all of them")


class Link(BaseModel):
    """Whose contact the sender is."""

    customer_id: UUID


@router.get("")
async def list_conversations(
    caller: Operator,
    this: This,
    channel: Channel | None = None,
    status: ConversationStatus | None = None,
    customer_id: UUID | None = None,
    unread: Annotated[bool | None, Query(description="With messages that nobody has read; false: without")] = None,
    needs_link: Annotated[bool | None, Query(description="Of senders that belong to no customer yet; false: the others")] = None,
    updated_since: AwareDatetime | None = None,
    address: Annotated[str | None, Query(min_length=1, max_length=320, description="A part of the number or mail address")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ConversationPage:
    """Conversations, the newest first. One that gets a message while they are paged moves to the front."""
    wanted = Filters(
        channel=channel,
        status=status,
        customer_id=customer_id,
        unread=unread,
        needs_link=needs_link,
        updated_since=updated_since,
        address=address,
    )
    before = _cursors.decode(cursor) if cursor else None
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        found = await inbox_store.select_conversations(tx, caller.distributor_id, wanted, before, limit + 1)
    last = found[:limit][-1] if len(found) > limit else None
    return ConversationPage(items=found[:limit], next=_cursors.encode((last.last_message_at, last.id)) if last else None)


@router.get("/{conversation_id}")
async def get_conversation(caller: Operator, this: This, conversation_id: UUID) -> Conversation:
    """One conversation; of one that was merged into another, that one."""
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        return await _find(tx, caller.distributor_id, conversation_id)


@router.post("/{conversation_id}/read", response_model=Conversation)
async def read(caller: Operator, once: Once, conversation_id: UUID, up_to: ReadUpTo | None = None) -> JSONResponse:
    """Say that messages were read. What was read before stays read."""
    message_id = up_to.message_id if up_to else None

    async def act(tx: Transaction) -> Conversation:
        parts = await inbox_store.lock_parts(tx, caller.distributor_id, conversation_id)
        if message_id is None:
            await inbox_store.update_all_read(tx, caller.distributor_id, parts)
        elif parts and not await inbox_store.update_read_up_to(tx, caller.distributor_id, parts, message_id):
            raise NotFound(f"there is no message {message_id} in conversation {conversation_id}")
        return await _find(tx, caller.distributor_id, conversation_id)

    return await once(act)


@router.post("/{conversation_id}/archive", response_model=Conversation)
async def archive(caller: Operator, once: Once, conversation_id: UUID) -> JSONResponse:
    """Put a conversation away until the customer writes again."""
    return await once(lambda tx: _set_status(tx, caller.distributor_id, conversation_id, ConversationStatus.ARCHIVED))


@router.post("/{conversation_id}/reopen", response_model=Conversation)
async def reopen(caller: Operator, once: Once, conversation_id: UUID) -> JSONResponse:
    """Put a conversation back into the inbox."""
    return await once(lambda tx: _set_status(tx, caller.distributor_id, conversation_id, ConversationStatus.ACTIVE))


@router.post("/{conversation_id}/link", response_model=Conversation)
async def link(caller: Manager, once: Once, conversation_id: UUID, wanted: Link) -> JSONResponse:
    """Say whose contact the sender is: they write for that customer from now on. Answers with the conversation that shows theirs then."""

    async def act(tx: Transaction) -> Conversation:
        await link_contact(tx, caller.distributor_id, conversation_id, wanted.customer_id, caller.user_id)
        return await _find(tx, caller.distributor_id, conversation_id)

    return await once(act)


async def _set_status(tx: Transaction, distributor_id: UUID, conversation_id: UUID, status: ConversationStatus) -> Conversation:
    parts = await inbox_store.lock_parts(tx, distributor_id, conversation_id)
    await inbox_store.update_status(tx, distributor_id, parts, status)
    return await _find(tx, distributor_id, conversation_id)


async def _find(tx: Transaction, distributor_id: UUID, conversation_id: UUID) -> Conversation:
    found = await inbox_store.select_conversation(tx, distributor_id, conversation_id)
    if found is None:
        raise NotFound(f"there is no conversation {conversation_id}")
    return found
