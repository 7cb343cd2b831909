"""A distributor's customer, and the people who write for them."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from schemas import contact
from schemas.contact import Channel
from schemas.customer_changed import Contact, CustomerChanged
from services.accounts.fields import Language, Line, Mail, Phone, Text

_ADDRESSES: dict[Channel, TypeAdapter[str]] = {
    Channel.WHATSAPP: TypeAdapter(Phone),
    Channel.SMS: TypeAdapter(Phone),
    Channel.EMAIL: TypeAdapter(Mail),
}


class CustomerStatus(StrEnum):
    """How a customer has been ordering."""

    ORDERING = "ORDERING"
    AT_RISK = "AT_RISK"
    STOPPED_ORDERING = "STOPPED_ORDERING"
    NO_ORDERS_YET = "NO_ORDERS_YET"


class InvitationStatus(StrEnum):
    """Whether a customer has accepted access to the platform."""

    ACTIVE = "ACTIVE"
    PENDING = "PENDING"


class NewContact(BaseModel):
    """An address that writes for a customer: an E.164 number for WHATSAPP and SMS, a mail address for EMAIL."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: Channel
    address: str = Field(max_length=320)
    display_name: Line | None = None
    external_user_id: Line | None = None

    @field_validator("address")
    @classmethod
    def _address_is_the_channels(cls, address: str, info: ValidationInfo) -> str:
        if "channel" not in info.data:
            return address
        try:
            return _ADDRESSES[info.data["channel"]].validate_python(address)
        except ValidationError as error:
            raise ValueError(f"is no address of {info.data['channel']}: {error.errors()[0]['msg']}") from None

    def id(self, distributor_id: UUID) -> UUID:
        """Return the id that follows from tenant, channel and address."""
        return contact.contact_id(distributor_id, self.channel, self.address)


class CustomerDetails(BaseModel):
    """What a distributor says about a customer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    business_name: Line
    contact_person_name: Line | None = None
    customer_code: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50)]
    email: Mail | None = None
    phone: Phone | None = None
    address: Text | None = None
    avatar_url: Annotated[HttpUrl, Field(max_length=2_000)] | None = None
    invitation_status: InvitationStatus = InvitationStatus.PENDING
    price_list_id: UUID | None = None
    language: Language | None = None
    delivery_notes: Text | None = None


class CustomerToCreate(CustomerDetails):
    """A customer and the people who write for it."""

    contacts: tuple[NewContact, ...] = Field(default=(), max_length=100)

    @model_validator(mode="after")
    def _contacts_differ(self) -> Self:
        if len({(each.channel, each.address) for each in self.contacts}) < len(self.contacts):
            raise ValueError("two contacts have the same channel and address")
        return self


class NewCustomer(CustomerToCreate):
    """A customer that is to be written under a known id."""

    id: UUID


class Customer(CustomerDetails):
    """A customer as it is kept, with every contact."""

    id: UUID
    status: CustomerStatus
    joined_date: datetime
    last_ordered_date: datetime | None
    expected_order_date: datetime | None
    total_orders: int
    total_spent: Decimal
    created_at: datetime
    updated_at: datetime
    contacts: tuple[Contact, ...]

    def changed(self, distributor_id: UUID, at: datetime) -> CustomerChanged:
        """Return the event that tells others of this customer."""
        return CustomerChanged(
            distributor_id=distributor_id,
            occurred_at=at,
            customer_id=self.id,
            business_name=self.business_name,
            customer_code=self.customer_code,
            language=self.language,
            address=self.address,
            delivery_notes=self.delivery_notes,
            price_list_id=self.price_list_id,
            contacts=self.contacts,
        )
