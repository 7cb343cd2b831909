"""Distributors, customers and contacts. One statement a function."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import Record, UniqueViolationError

from libs.postgres import Connection, Transaction
from libs.refused import Conflict
from services.accounts.customer import Customer, CustomerDetails, NewContact, NewCustomer
from services.accounts.distributor import Distributor, NewDistributor


def _columns(*fields: str, of: str = "") -> str:
    return ", ".join(of + field for field in fields)


DISTRIBUTOR = tuple(field for field in NewDistributor.model_fields if field != "id")
CUSTOMER = tuple(CustomerDetails.model_fields)
READABLE_DISTRIBUTOR = _columns("id", *DISTRIBUTOR, "created_at", "updated_at")
READABLE_CUSTOMER = _columns(*(field for field in Customer.model_fields if field != "contacts"))

SELECT_CUSTOMERS = f"""
    select {READABLE_CUSTOMER},
           (select coalesce(jsonb_agg(jsonb_build_object(
                       'contact_id', n.id, 'channel', n.channel, 'address', n.address, 'display_name', n.display_name
                   ) order by n.channel, n.address), '[]')
              from customer_contacts n
             where n.distributor_id = c.distributor_id and n.customer_id = c.id) as contacts
      from customers c
"""  # noqa: S608 - column names of ours


class SubdomainTaken(Conflict):
    """Another distributor has this subdomain or domain."""


class CustomerCodeTaken(Conflict):
    """Another customer of the tenant has this code."""


async def upsert_distributors(tx: Transaction, distributors: Sequence[NewDistributor]) -> Sequence[Distributor]:
    """Write distributors by their ids. Returns those that are new or differ from what was there. Raises SubdomainTaken."""
    try:
        rows = await tx.fetch(
            f"""
            insert into distributors as d (distributor_id, {_columns(*DISTRIBUTOR)})
            select id, {_columns(*DISTRIBUTOR)}
              from jsonb_populate_recordset(null::distributors, $1)
             order by id
                on conflict (distributor_id) do update
               set ({_columns(*DISTRIBUTOR)}) = (select {_columns(*DISTRIBUTOR, of="excluded.")})
             where ({_columns(*DISTRIBUTOR, of="d.")}) is distinct from ({_columns(*DISTRIBUTOR, of="excluded.")})
            returning {READABLE_DISTRIBUTOR}
            """,  # noqa: S608 - column names of ours
            [distributor.model_dump(mode="json") for distributor in distributors],
        )
    except UniqueViolationError:
        raise SubdomainTaken("another distributor has this subdomain or domain") from None
    return [_distributor(row) for row in rows]


async def lock_distributor(tx: Transaction, distributor_id: UUID) -> Distributor | None:
    """Return a distributor and keep others from changing it until the transaction ends."""
    row = await tx.fetchrow(
        f"select {READABLE_DISTRIBUTOR} from distributors where distributor_id = $1 for update",  # noqa: S608 - column names of ours
        distributor_id,
    )
    return _distributor(row) if row else None


async def select_distributor(connection: Connection, distributor_id: UUID) -> Distributor | None:
    """Return a distributor."""
    row = await connection.fetchrow(
        f"select {READABLE_DISTRIBUTOR} from distributors where distributor_id = $1",  # noqa: S608 - column names of ours
        distributor_id,
    )
    return _distributor(row) if row else None


async def upsert_customers(tx: Transaction, distributor_id: UUID, customers: Sequence[NewCustomer]) -> set[UUID]:
    """Write customers, without their contacts, by their ids. Returns the ids of those that are new or differ from what was there.

    All of them stay locked until the transaction ends. Raises CustomerCodeTaken.
    """
    try:
        rows = await tx.fetch(
            f"""
            insert into customers as c (distributor_id, id, {_columns(*CUSTOMER)})
            select $1, id, {_columns(*CUSTOMER)}
              from jsonb_populate_recordset(null::customers, $2)
             order by id
                on conflict (distributor_id, id) do update
               set ({_columns(*CUSTOMER)}) = (select {_columns(*CUSTOMER, of="excluded.")})
             where ({_columns(*CUSTOMER, of="c.")}) is distinct from ({_columns(*CUSTOMER, of="excluded.")})
            returning id
            """,  # noqa: S608 - column names of ours
            distributor_id,
            [customer.model_dump(mode="json") for customer in customers],
        )
    except UniqueViolationError:
        raise CustomerCodeTaken("another customer has this customer_code") from None
    return {row["id"] for row in rows}


async def upsert_contacts(tx: Transaction, distributor_id: UUID, contacts: Sequence[tuple[UUID, NewContact]]) -> set[UUID]:
    """Write contacts, each with its customer's id. Returns the customers of those that are new or differ from what was there.

    A contact of another customer stays as it is: see `select_taken`.
    """
    rows = await tx.fetch(
        """
        insert into customer_contacts as c (distributor_id, id, customer_id, channel, address, display_name, external_user_id)
        select $1, id, customer_id, channel, address, display_name, external_user_id
          from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[])
            as n (id, customer_id, channel, address, display_name, external_user_id)
         order by id
            on conflict (distributor_id, id) do update
           set display_name = excluded.display_name, external_user_id = coalesce(excluded.external_user_id, c.external_user_id)
         where c.customer_id = excluded.customer_id
           and (c.display_name, c.external_user_id) is distinct from (excluded.display_name, coalesce(excluded.external_user_id, c.external_user_id))
        returning customer_id
        """,
        distributor_id,
        [contact.id(distributor_id) for _, contact in contacts],
        [customer_id for customer_id, _ in contacts],
        [contact.channel for _, contact in contacts],
        [contact.address for _, contact in contacts],
        [contact.display_name for _, contact in contacts],
        [contact.external_user_id for _, contact in contacts],
    )
    return {row["customer_id"] for row in rows}


async def upsert_linked_contact(tx: Transaction, distributor_id: UUID, customer_id: UUID, contact: NewContact, at: datetime) -> set[UUID]:
    """Write a contact, or give it to another customer unless it was written after `at`. Returns the customers whose contacts are others by that."""
    row = await tx.fetchrow(
        """
        insert into customer_contacts as c (distributor_id, id, customer_id, channel, address) values ($1, $2, $3, $4, $5)
            on conflict (distributor_id, id) do update set customer_id = excluded.customer_id
         where c.customer_id <> excluded.customer_id and c.updated_at <= $6
        returning c.customer_id, old.customer_id as previous_id
        """,
        distributor_id,
        contact.id(distributor_id),
        customer_id,
        contact.channel,
        contact.address,
        at,
    )
    return {each for each in row.values() if each} if row else set()


async def select_customer_of(connection: Connection, distributor_id: UUID, contact: NewContact) -> UUID | None:
    """Return the customer for whom a contact writes."""
    return await connection.fetchval(
        "select customer_id from customer_contacts where distributor_id = $1 and id = $2", distributor_id, contact.id(distributor_id)
    )


async def select_taken(connection: Connection, distributor_id: UUID, contacts: Sequence[tuple[UUID, NewContact]]) -> set[UUID]:
    """Return the customers, other than those named, for whom these contacts already write."""
    rows = await connection.fetch(
        """
        select distinct c.customer_id
          from unnest($2::uuid[], $3::uuid[]) as n (id, customer_id)
          join customer_contacts c on c.distributor_id = $1 and c.id = n.id and c.customer_id <> n.customer_id
        """,
        distributor_id,
        [contact.id(distributor_id) for _, contact in contacts],
        [customer_id for customer_id, _ in contacts],
    )
    return {row["customer_id"] for row in rows}


async def lock_customer(tx: Transaction, distributor_id: UUID, customer_id: UUID) -> bool:
    """Keep others from changing a customer until the transaction ends. Returns False where there is none."""
    return bool(await tx.fetchval("select true from customers where distributor_id = $1 and id = $2 for update", distributor_id, customer_id))


async def select_customers_by_id(connection: Connection, distributor_id: UUID, customer_ids: Iterable[UUID]) -> Sequence[Customer]:
    """Return these customers with their contacts, by customer code."""
    rows = await connection.fetch(
        f"{SELECT_CUSTOMERS} where c.distributor_id = $1 and c.id = any($2::uuid[]) order by c.customer_code",
        distributor_id,
        list(customer_ids),
    )
    return [_customer(row) for row in rows]


async def select_customers(connection: Connection, distributor_id: UUID, after_code: str, limit: int) -> Sequence[Customer]:
    """Return the customers behind `after_code` with their contacts, by customer code."""
    rows = await connection.fetch(
        f"{SELECT_CUSTOMERS} where c.distributor_id = $1 and c.customer_code > $2 order by c.customer_code limit $3",
        distributor_id,
        after_code,
        limit,
    )
    return [_customer(row) for row in rows]


def _distributor(row: Record) -> Distributor:
    return Distributor.model_validate(dict(row))


def _customer(row: Record) -> Customer:
    return Customer.model_validate(dict(row))
