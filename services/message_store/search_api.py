"""Messages, found by what they say."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, Field

from libs import postgres
from libs.cursor import Cursors
from services.message_store import search_store
from services.message_store.parameters import Cursor, Limit, Operator, This
from services.message_store.search_store import Hit

router = APIRouter(prefix="/v1/messages", tags=["messages"])

MOST_WORDS = 20
Rank = Annotated[float, Field(ge=0, le=1e6)]

_cursors: Cursors[tuple[float, UUID]] = Cursors("search/1", tuple[Rank, UUID])


class HitPage(BaseModel):
    """Some messages that were found, and the cursor of those that follow; null on the last page."""

    items: list[Hit]
    next: str | None


def _few_words(text: str) -> str:
    if len(text.split()) > MOST_WORDS:
        raise ValueError(f"name at most {MOST_WORDS} words")
    return text


Words = Annotated[
    str,
    Query(min_length=2, max_length=200, description='Words in any of their forms; "in quotes" as they stand, -word without it, or between two'),
    AfterValidator(_few_words),
]


@router.get("/search")
async def search_messages(caller: Operator, this: This, q: Words, cursor: Cursor = None, limit: Limit = 50) -> HitPage:
    """Messages with these words, the best first, each read in its customer's language. A customer's message is found once it was analyzed."""
    before = _cursors.decode(cursor) if cursor else None
    async with postgres.tenant_transaction(this.pool, [caller.distributor_id]) as tx:
        found = await search_store.select_hits(tx, caller.distributor_id, q, before, limit + 1)
    last = found[:limit][-1] if len(found) > limit else None
    return HitPage(items=found[:limit], next=_cursors.encode((last.rank, last.message_id)) if last else None)
