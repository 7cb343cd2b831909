"""Writing distributors and customers, and telling everybody what became of them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from libs import outbox
from libs.postgres import Transaction
from libs.refused import Conflict, NotFound
from services.accounts import store
from services.accounts.customer import Customer, NewContact, NewCustomer
from services.accounts.distributor import Distributor, NewDistributor


class AddressTaken(Conflict):
    """The address writes for another customer."""


async def save_distributors(tx: Transaction, distributors: Sequence[NewDistributor]) -> Sequence[Distributor]:
    """Write distributors by their ids and tell of those that changed; returns these. Raises SubdomainTaken."""
    changed = await store.upsert_distributors(tx, distributors)
    await outbox.enqueue(tx, *(distributor.changed() for distributor in changed))
    return changed


async def save_customers(tx: Transaction, distributor_id: UUID, customers: Sequence[NewCustomer]) -> Sequence[Customer]:
    """Write customers by their ids, add their contacts, and tell of those that changed; returns these. Raises CustomerCodeTaken, AddressTaken."""
    written = await store.upsert_customers(tx, distributor_id, customers)
    written |= await _add_contacts(tx, distributor_id, [(customer.id, contact) for customer in customers for contact in customer.contacts])
    return await _tell(tx, distributor_id, written)


async def add_contact(tx: Transaction, distributor_id: UUID, customer_id: UUID, contact: NewContact) -> Customer:
    """Let an address write for a customer. Raises NotFound, AddressTaken."""
    if not await store.lock_customer(tx, distributor_id, customer_id):
        raise NotFound(f"there is no customer {customer_id}")
    written = await _add_contacts(tx, distributor_id, [(customer_id, contact)])
    await _tell(tx, distributor_id, written)
    return (await store.select_customers_by_id(tx, distributor_id, [customer_id]))[0]


async def link_contact(tx: Transaction, distributor_id: UUID, customer_id: UUID, contact: NewContact, at: datetime) -> None:
    """Let an address write for a customer rather than for whoever it wrote for before, unless that is newer than `at`. Raises NotFound."""
    previous_id = await store.select_customer_of(tx, distributor_id, contact)
    locked = [each for each in sorted({customer_id, previous_id or customer_id}) if await store.lock_customer(tx, distributor_id, each)]
    if customer_id not in locked:
        raise NotFound(f"there is no customer {customer_id}")
    await _tell(tx, distributor_id, await store.upsert_linked_contact(tx, distributor_id, customer_id, contact, at))


async def _add_contacts(tx: Transaction, distributor_id: UUID, contacts: Sequence[tuple[UUID, NewContact]]) -> set[UUID]:
    written = await store.upsert_contacts(tx, distributor_id, contacts)
    if taken := await store.select_taken(tx, distributor_id, contacts):
        raise AddressTaken(f"an address writes for another customer already: {', '.join(sorted(map(str, taken)))}")
    return written


async def _tell(tx: Transaction, distributor_id: UUID, customer_ids: set[UUID]) -> Sequence[Customer]:
    """Enqueue customer.changed. The customers' rows are locked, so what is read is what the next change builds on."""
    customers = await store.select_customers_by_id(tx, distributor_id, customer_ids)
    now = datetime.now(UTC)
    await outbox.enqueue(tx, *(customer.changed(distributor_id, now) for customer in customers))
    return customers
