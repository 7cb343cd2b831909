"""Our copies of who is served, what customers speak, and whose contacts they are. One statement a function."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from libs.postgres import Connection, Transaction
from schemas import contact
from schemas.contact import Channel
from schemas.customer_changed import CustomerChanged
from schemas.distributor_changed import DistributorChanged


@dataclass(frozen=True, slots=True)
class Link:
    """Whose contact it is; `customer_id` is None where it is nobody's that we know of."""

    distributor_id: UUID
    contact_id: UUID
    channel: Channel
    customer_id: UUID | None

    @property
    def conversation_id(self) -> UUID:
        """The contact's own conversation: what they wrote while nobody knew whose contact they are."""
        return contact.conversation_id(self.distributor_id, self.channel, self.contact_id)

    @property
    def conversation_of_customer(self) -> UUID | None:
        """The conversation that their messages belong to since."""
        return contact.conversation_id(self.distributor_id, self.channel, self.customer_id) if self.customer_id else None


@dataclass(frozen=True, slots=True)
class Address:
    """A contact, and where it is reached."""

    distributor_id: UUID
    contact_id: UUID
    channel: Channel
    address: str


async def upsert_distributor(tx: Transaction, event: DistributorChanged) -> None:
    """Keep the newest word on a tenant."""
    await tx.execute(
        """
        insert into distributors as d (distributor_id, locale, data_retention_days, as_of) values ($1, $2, $3, $4)
            on conflict (distributor_id) do update
           set locale = excluded.locale, data_retention_days = excluded.data_retention_days, as_of = excluded.as_of
         where d.as_of <= excluded.as_of
        """,
        event.distributor_id,
        event.locale,
        event.data_retention_days,
        event.occurred_at,
    )


async def upsert_customers(tx: Transaction, events: Sequence[CustomerChanged]) -> set[tuple[UUID, UUID]]:
    """Keep the newest word on customers, each of whom has one event. Returns (tenant, customer) of those for whom it is news."""
    rows = await tx.fetch(
        """
        insert into customers as c (distributor_id, id, language, as_of)
        select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[]) order by 1, 2
            on conflict (distributor_id, id) do update set language = excluded.language, as_of = excluded.as_of
         where c.as_of <= excluded.as_of
        returning distributor_id, id
        """,
        [event.distributor_id for event in events],
        [event.customer_id for event in events],
        [event.language for event in events],
        [event.occurred_at for event in events],
    )
    return {(row["distributor_id"], row["id"]) for row in rows}


async def update_contacts_gone(tx: Transaction, events: Sequence[CustomerChanged]) -> list[Link]:
    """Let go of the customers' contacts that are not named any more; those that a newer word gave to a customer stay. Returns them."""
    named = [(event.distributor_id, event.customer_id, each.contact_id) for event in events for each in event.contacts]
    rows = await tx.fetch(
        """
        update contacts c set customer_id = null, as_of = e.as_of
          from unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) as e (distributor_id, customer_id, as_of)
         where (c.distributor_id, c.customer_id) = (e.distributor_id, e.customer_id) and c.as_of <= e.as_of
           and not exists (
               select from unnest($4::uuid[], $5::uuid[], $6::uuid[]) as n (distributor_id, customer_id, id)
                where (n.distributor_id, n.customer_id, n.id) = (c.distributor_id, c.customer_id, c.id))
        returning c.distributor_id, c.id, c.channel
        """,
        [event.distributor_id for event in events],
        [event.customer_id for event in events],
        [event.occurred_at for event in events],
        [distributor_id for distributor_id, _, _ in named],
        [customer_id for _, customer_id, _ in named],
        [contact_id for _, _, contact_id in named],
    )
    return [Link(row["distributor_id"], row["id"], Channel(row["channel"]), None) for row in rows]


async def upsert_contacts(tx: Transaction, events: Sequence[CustomerChanged]) -> list[Link]:
    """Keep whose contacts they are; one that a newer word gave to another customer stays theirs. Returns those that changed hands."""
    named = [(event, each) for event in events for each in event.contacts]
    rows = await tx.fetch(
        """
        with written as (
            insert into contacts as c (distributor_id, id, channel, address, customer_id, as_of)
            select distinct on (distributor_id, id) distributor_id, id, channel, address, customer_id, as_of
              from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::timestamptz[])
                with ordinality as e (distributor_id, id, channel, address, customer_id, as_of, place)
             order by distributor_id, id, as_of desc, place desc
                on conflict (distributor_id, id) do update
               set address = excluded.address, customer_id = excluded.customer_id, as_of = excluded.as_of
             where c.as_of <= excluded.as_of
            returning c.distributor_id, c.id, c.channel, c.customer_id, old.customer_id as previous_id
        )
        select distributor_id, id, channel, customer_id from written where customer_id is distinct from previous_id
        """,
        [event.distributor_id for event, _ in named],
        [each.contact_id for _, each in named],
        [each.channel for _, each in named],
        [each.address for _, each in named],
        [event.customer_id for event, _ in named],
        [event.occurred_at for event, _ in named],
    )
    return [Link(row["distributor_id"], row["id"], Channel(row["channel"]), row["customer_id"]) for row in rows]


async def upsert_senders(tx: Transaction, senders: Sequence[Address]) -> list[Link]:
    """Note senders, and return those whose customer we know.

    They stay locked: whoever links one of them meanwhile waits for the commit, and then finds what they wrote.
    """
    rows = await tx.fetch(
        """
        with written as (
            insert into contacts as c (distributor_id, id, channel, address, as_of)
            select distinct on (1, 2) *, '-infinity'::timestamptz from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) order by 1, 2
                on conflict (distributor_id, id) do update set address = excluded.address
            returning c.distributor_id, c.id, c.channel, c.customer_id
        )
        select * from written where customer_id is not null
        """,
        [sender.distributor_id for sender in senders],
        [sender.contact_id for sender in senders],
        [sender.channel for sender in senders],
        [sender.address for sender in senders],
    )
    return [Link(row["distributor_id"], row["id"], Channel(row["channel"]), row["customer_id"]) for row in rows]


async def link_contacts(tx: Transaction, contacts: Sequence[Address], customer_id: UUID, at: datetime) -> set[UUID]:
    """Give contacts to a customer, whatever was said before. Returns the ids of those that were not theirs."""
    rows = await tx.fetch(
        """
        with written as (
            insert into contacts as c (distributor_id, id, channel, address, customer_id, as_of)
            select *, $5::uuid, $6::timestamptz from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) order by 1, 2
                on conflict (distributor_id, id) do update
               set customer_id = excluded.customer_id, as_of = greatest(c.as_of, excluded.as_of)
            returning c.id, c.customer_id, old.customer_id as previous_id
        )
        select id from written where customer_id is distinct from previous_id
        """,
        [each.distributor_id for each in contacts],
        [each.contact_id for each in contacts],
        [each.channel for each in contacts],
        [each.address for each in contacts],
        customer_id,
        at,
    )
    return {row["id"] for row in rows}


async def customer_exists(connection: Connection, distributor_id: UUID, customer_id: UUID) -> bool:
    """Tell whether we were told of this customer of the tenant."""
    return bool(await connection.fetchval("select true from customers where distributor_id = $1 and id = $2", distributor_id, customer_id))


async def select_contacts(connection: Connection, distributor_id: UUID, customer_id: UUID, channel: Channel) -> list[Address]:
    """Return the contacts of a customer on a channel."""
    rows = await connection.fetch(
        "select id, address from contacts where distributor_id = $1 and customer_id = $2 and channel = $3 order by id",
        distributor_id,
        customer_id,
        channel,
    )
    return [Address(distributor_id, row["id"], channel, row["address"]) for row in rows]
