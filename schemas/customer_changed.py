"""`customer.changed`: a customer and the people who write for them, as they are now. Compacted."""

from uuid import UUID

from pydantic import Field

from schemas.contact import Channel
from schemas.event import Event, Fact


class Contact(Fact):
    """An address that writes for the customer."""

    contact_id: UUID
    channel: Channel
    address: str
    display_name: str | None = None


class CustomerChanged(Event):
    """The customer's master data, with every contact."""

    topic = "customer.changed"
    subject_field = "customer_id"
    key_fields = ("customer_id",)

    customer_id: UUID
    business_name: str
    customer_code: str
    language: str | None
    address: str | None
    delivery_notes: str | None
    price_list_id: UUID | None
    contacts: tuple[Contact, ...] = Field(max_length=500)
