"""Staff said in the inbox for whom an address writes."""

from pydantic import ValidationError

from libs.postgres import Transaction
from libs.refused import Refused
from schemas.contact_linked import ContactLinked
from services.accounts import registry
from services.accounts.customer import NewContact


class AddressUnusable(Refused):
    """The address is none of its channel's."""


async def on_contact_linked(event: ContactLinked, tx: Transaction) -> None:
    """Let the address write for the customer and for no other, unless something newer was said. Raises AddressUnusable, NotFound."""
    try:
        contact = NewContact(channel=event.channel, address=event.address)
    except ValidationError:
        raise AddressUnusable(
            f"the address of contact {event.contact_id} is no address of {event.channel}: add the right one to the customer"
        ) from None
    await registry.link_contact(tx, event.distributor_id, event.customer_id, contact, event.linked_at)
