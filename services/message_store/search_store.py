"""Messages found by their words. One statement a function."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from libs.postgres import Connection


class Hit(BaseModel):
    """A message in which the words were found, whatever their endings."""

    message_id: UUID
    conversation_id: UUID
    is_from_customer: bool
    sent_at: datetime
    rank: float = Field(description="How well it fits; comparable within one search only")
    snippet: str = Field(description="Plain text, with each word that was found in ⟦ ⟧")


async def select_hits(connection: Connection, distributor_id: UUID, words: str, before: tuple[float, UUID] | None, limit: int) -> list[Hit]:
    """Return messages that hold the words, the best first, from those that fit worse than `before` on."""
    rows = await connection.fetch("select * from search_messages($1, $2, $3, $4, $5)", distributor_id, words, *(before or (None, None)), limit)
    return [Hit.model_validate(dict(row)) for row in rows]
