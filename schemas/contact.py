"""Who writes over which channel, and the ids that follow from that alone.

A conversation is keyed by (tenant, channel, customer), or by the contact while nobody knows whose contact it is. Its id is a UUIDv5 of that key, so
that every producer knows the partition key before the conversation exists.
"""

from enum import StrEnum
from functools import lru_cache
from uuid import UUID, uuid5

from pydantic import Field

from schemas.event import Fact

COMANDA = UUID("6f1d2c0e-4b52-5d0a-9a51-0c0a4d0f7e11")
"""Namespace of the derived ids. Changing it would split every conversation in two."""


class Channel(StrEnum):
    """The ways in which a customer can write."""

    WHATSAPP = "WHATSAPP"
    SMS = "SMS"
    EMAIL = "EMAIL"


class Sender(Fact):
    """The person who wrote, as the channel names them."""

    address: str = Field(min_length=1, max_length=320, description="E.164 number with its plus sign, or a mail address in lower case")
    external_user_id: str | None = Field(default=None, max_length=200, description="The provider's own id of that person")
    display_name: str | None = Field(default=None, max_length=200)


@lru_cache(maxsize=65_536)
def contact_id(distributor_id: UUID, channel: Channel, address: str) -> UUID:
    """Return the id of the contact who writes from `address`."""
    return uuid5(COMANDA, f"contact/{distributor_id}/{channel}/{address}")


@lru_cache(maxsize=65_536)
def conversation_id(distributor_id: UUID, channel: Channel, customer_or_contact: UUID) -> UUID:
    """Return the id of the conversation with a customer, or with a contact of no known customer."""
    return uuid5(COMANDA, f"conversation/{distributor_id}/{channel}/{customer_or_contact}")
