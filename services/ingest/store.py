"""Routes, receipts and our copies of who is served and whose address it is. One statement a function."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from libs.postgres import Connection, Transaction
from schemas.contact import Channel
from schemas.customer_changed import CustomerChanged
from schemas.distributor_changed import DistributorChanged


@dataclass(frozen=True, slots=True)
class Route:
    """Whose account a provider's call is about."""

    distributor_id: UUID
    integration_id: UUID
    provider: str


@dataclass(frozen=True, slots=True)
class SealedConnection:
    """An integration in use, its secrets sealed."""

    route: Route
    account: str
    credentials: bytes | None
    webhook_secret: bytes | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What came in, as it came; `raw` is sealed."""

    distributor_id: UUID
    integration_id: UUID
    external_id: str
    raw_hash: bytes
    raw: bytes
    outcome: str = "ACCEPTED"


async def select_routes(worker: Connection, provider: str, accounts: Sequence[str]) -> dict[str, Route]:
    """Return the active integrations that the provider's accounts belong to, of whatever tenant: the caller is not known before."""
    rows = await worker.fetch(
        """
        select external_account_id, distributor_id, id from external_integrations
         where provider = $1 and external_account_id = any($2::text[]) and status in ('ACTIVE', 'ERROR')
        """,
        provider,
        accounts,
    )
    return {row["external_account_id"]: Route(row["distributor_id"], row["id"], provider) for row in rows}


async def select_connection(worker: Connection, integration_id: UUID) -> SealedConnection | None:
    """Return the integration of whatever tenant, if it is in use: the caller is not known before."""
    row = await worker.fetchrow(
        """
        select distributor_id, provider, external_account_id, credentials, webhook_secret from external_integrations
         where id = $1 and status in ('ACTIVE', 'ERROR')
        """,
        integration_id,
    )
    if row is None:
        return None
    route = Route(row["distributor_id"], integration_id, row["provider"])
    return SealedConnection(route, row["external_account_id"], row["credentials"], row["webhook_secret"])


async def insert_integration(
    tx: Transaction,
    distributor_id: UUID,
    integration_id: UUID,
    provider: str,
    external_account_id: str,
    display_name: str,
    channel: Channel = Channel.WHATSAPP,
) -> bool:
    """Add a messaging integration. Returns False where that account is connected already."""
    return bool(
        await tx.fetchval(
            """
            insert into external_integrations
                   (distributor_id, id, integration_type, provider, channel, external_account_id, display_name, capabilities)
            values ($1, $2, 'MESSAGING', $3, $4, $5, $6, '["receive", "send"]')
                on conflict do nothing
            returning true
            """,
            distributor_id,
            integration_id,
            provider,
            channel,
            external_account_id,
            display_name,
        )
    )


async def insert_receipts(tx: Transaction, receipts: Sequence[Receipt]) -> set[tuple[UUID, str, bytes]]:
    """Write down what came in. Returns (integration, external id, hash) of what is accepted and had not come before."""
    rows = await tx.fetch(
        """
        with written as (
            insert into inbound_receipts (distributor_id, integration_id, external_id, raw_hash, raw, outcome)
            select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::bytea[], $6::text[])
                on conflict do nothing
            returning integration_id, external_id, raw_hash, outcome
        )
        select integration_id, external_id, raw_hash from written where outcome = 'ACCEPTED'
        """,
        [r.distributor_id for r in receipts],
        [r.integration_id for r in receipts],
        [r.external_id for r in receipts],
        [r.raw_hash for r in receipts],
        [r.raw for r in receipts],
        [r.outcome for r in receipts],
    )
    return {(row["integration_id"], row["external_id"], row["raw_hash"]) for row in rows}


async def select_taken_in(tx: Transaction, distributor_id: UUID, integration_id: UUID, external_ids: Sequence[str]) -> set[str]:
    """Return those of the ids that something came in by before."""
    rows = await tx.fetch(
        "select external_id from inbound_receipts where distributor_id = $1 and integration_id = $2 and external_id = any($3::text[])",
        distributor_id,
        integration_id,
        external_ids,
    )
    return {row["external_id"] for row in rows}


async def insert_webhook_tokens(tx: Transaction, tokens: Sequence[tuple[UUID, UUID, str]]) -> set[tuple[UUID, str | None]]:
    """Remember tokens, each named with its tenant and integration. Returns (integration, token) of those that were not known."""
    rows = await tx.fetch(
        """
        insert into webhook_tokens (distributor_id, integration_id, token)
        select distinct * from unnest($1::uuid[], $2::uuid[], $3::text[]) order by 1, 2, 3
            on conflict do nothing
        returning integration_id, token
        """,
        [distributor_id for distributor_id, _, _ in tokens],
        [integration_id for _, integration_id, _ in tokens],
        [token for _, _, token in tokens],
    )
    return {(row["integration_id"], row["token"]) for row in rows}


async def select_unserved(tx: Transaction, distributor_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the tenants that are not served any more. One that we were not told of yet is served."""
    rows = await tx.fetch("select distributor_id from distributors where distributor_id = any($1::uuid[]) and status = 'INACTIVE'", distributor_ids)
    return {row["distributor_id"] for row in rows}


async def select_customers(
    tx: Transaction, distributor_ids: Sequence[UUID], channels: Sequence[Channel], addresses: Sequence[str]
) -> dict[tuple[UUID, Channel, str], UUID]:
    """Return the customers that addresses, each named with its tenant and channel, belong to; unknown ones are left out."""
    rows = await tx.fetch(
        """
        select c.distributor_id, c.channel, c.address, c.customer_id
          from contacts c
          join unnest($1::uuid[], $2::text[], $3::text[]) as e (distributor_id, channel, address) using (distributor_id, channel, address)
        """,
        distributor_ids,
        channels,
        addresses,
    )
    return {(row["distributor_id"], Channel(row["channel"]), row["address"]): row["customer_id"] for row in rows}


async def upsert_distributor(tx: Transaction, event: DistributorChanged) -> None:
    """Keep the newest word on a tenant."""
    await tx.execute(
        """
        insert into distributors as d (distributor_id, status, as_of) values ($1, $2, $3)
            on conflict (distributor_id) do update set status = excluded.status, as_of = excluded.as_of where d.as_of <= excluded.as_of
        """,
        event.distributor_id,
        event.status,
        event.occurred_at,
    )


async def upsert_customer(tx: Transaction, event: CustomerChanged) -> bool:
    """Remember how new our word on a customer is. Returns False where we have a newer one; the row stays locked until the commit."""
    return bool(
        await tx.fetchval(
            """
            insert into customers as c (distributor_id, customer_id, as_of) values ($1, $2, $3)
                on conflict (distributor_id, customer_id) do update set as_of = excluded.as_of where c.as_of <= excluded.as_of
            returning true
            """,
            event.distributor_id,
            event.customer_id,
            event.occurred_at,
        )
    )


async def delete_contacts(tx: Transaction, event: CustomerChanged) -> None:
    """Forget the customer's addresses that are not named any more."""
    await tx.execute(
        """
        delete from contacts
         where distributor_id = $1 and customer_id = $2 and (channel, address) not in (select * from unnest($3::text[], $4::text[]))
        """,
        event.distributor_id,
        event.customer_id,
        [contact.channel for contact in event.contacts],
        [contact.address for contact in event.contacts],
    )


async def upsert_contacts(tx: Transaction, event: CustomerChanged) -> None:
    """Keep the customer's addresses; one that a newer word gave to another customer stays theirs."""
    await tx.execute(
        """
        insert into contacts as c (distributor_id, channel, address, customer_id, as_of)
        select $1, channel, address, $2, $3 from unnest($4::text[], $5::text[]) as e (channel, address)
            on conflict (distributor_id, channel, address) do update
           set customer_id = excluded.customer_id, as_of = excluded.as_of
         where c.as_of <= excluded.as_of
        """,
        event.distributor_id,
        event.customer_id,
        event.occurred_at,
        [contact.channel for contact in event.contacts],
        [contact.address for contact in event.contacts],
    )
