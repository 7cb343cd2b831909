"""`message.matched`: what a customer's message means, with the products found."""

from uuid import UUID

from pydantic import AwareDatetime, Field

from schemas.analysis import Analysis
from schemas.contact import Channel
from schemas.event import Event
from schemas.match import MatchedLine
from schemas.message import Content


class MessageMatched(Event):
    """The analysis of one message; `lines` repeats its lines, in order, with their products.

    Before them stand the lines of earlier orders that the message refers to; in the place of a line that names a bundle stand the bundle's items.
    """

    topic = "message.matched"
    subject_field = "message_id"

    conversation_id: UUID
    message_id: UUID
    attachment_id: UUID | None = Field(default=None, description="As in message.analyzed")
    thread_position: int = Field(ge=1)
    channel: Channel
    customer_id: UUID | None
    contact_id: UUID | None
    content: Content
    sent_at: AwareDatetime
    analysis: Analysis
    lines: tuple[MatchedLine, ...]
    unresolved_references: tuple[str, ...] = Field(default=(), description="Earlier orders that are meant and that we do not know")
