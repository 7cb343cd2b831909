"""The conversations of deploy/demo/content, read: who writes what, and what has to come of it."""

from collections import defaultdict
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Self
from uuid import UUID, uuid5

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from deploy.commands import seed_content
from schemas.contact import COMANDA, Channel, contact_id, conversation_id

CONTENT = Path(__file__).parent / "content"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Image(_Part):
    """A picture, with a text under it or without."""

    caption: str | None = None


class Message(_Part):
    """One message of a customer; `delivered` times by the provider, `together` in one call with the one before."""

    text: str | None = None
    image: Image | None = None
    delivered: int = Field(default=1, ge=1, le=10)
    together: bool = False

    @model_validator(mode="after")
    def _is_text_or_image(self) -> Self:
        if (self.text is None) == (self.image is None):
            raise ValueError("a message has either text or image")
        return self


class Outcome(StrEnum):
    """What becomes of a conversation."""

    CONFIRMED = "confirmed"
    REVIEW = "review"
    CANCELLED = "cancelled"
    OPEN = "open"


class ExpectedLine(_Part):
    """A line of the order; one that the catalog does not know has no sku but the customer's phrase."""

    sku: str | None
    quantity: Decimal
    phrase: str | None = None


class Expectation(_Part):
    """The order that has to come of a conversation."""

    outcome: Outcome
    lines: tuple[ExpectedLine, ...] = ()


class Conversation(_Part):
    """What one person writes, from beginning to end."""

    name: str
    distributor: str
    sender: str = Field(alias="from")
    messages: tuple[Message, ...] = Field(min_length=1)
    expect: Expectation


class Played(_Part):
    """A conversation with the addresses that it runs between."""

    conversation: Conversation
    distributor_id: UUID
    conversation_id: UUID
    phone_number_id: str


def read(content: Path = CONTENT) -> list[list[Played]]:
    """Return the conversations in groups: those of one customer are to be played one after the other, groups side by side."""
    distributors = {each.distributor.subdomain: each for each in seed_content.read(content)}
    groups: dict[UUID, list[Played]] = defaultdict(list)
    for written in yaml.safe_load((content / "conversations.yaml").read_text(encoding="utf-8")):
        conversation = Conversation.model_validate(written)
        known = distributors[conversation.distributor]
        tenant = known.distributor.id
        customers = {contact.address: customer.id for customer in known.customers for contact in customer.contacts}
        whose = customers.get(conversation.sender) or contact_id(tenant, Channel.WHATSAPP, conversation.sender)
        derived = conversation_id(tenant, Channel.WHATSAPP, whose)
        played = Played(conversation=conversation, distributor_id=tenant, conversation_id=derived, phone_number_id=known.whatsapp.phone_number_id)
        groups[derived].append(played)
    return list(groups.values())


def wamid(run: str, played: Played, number: int) -> str:
    """Return the provider's id of a conversation's message in this run."""
    return f"wamid.{uuid5(COMANDA, f'{run}/{played.conversation.name}/{number}')}"
