"""`contact.linked`: staff said for whom an address writes."""

from typing import Self
from uuid import UUID

from pydantic import AwareDatetime, Field, model_validator

from schemas.contact import Channel, contact_id
from schemas.event import Event


class ContactLinked(Event):
    """The address writes for the customer, whoever it wrote for before."""

    topic = "contact.linked"
    subject_field = "contact_id"
    key_fields = ("contact_id",)

    contact_id: UUID = Field(description="Derived: see schemas.contact")
    channel: Channel
    address: str = Field(min_length=1, max_length=320)
    customer_id: UUID
    linked_by: UUID = Field(description="The user who said so")
    linked_at: AwareDatetime

    @model_validator(mode="after")
    def _contact_id_is_derived(self) -> Self:
        expected = contact_id(self.distributor_id, self.channel, self.address)
        if self.contact_id != expected:
            raise ValueError(f"contact_id must be {expected}, the id derived from distributor, channel and address")
        return self
