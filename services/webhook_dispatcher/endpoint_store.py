"""The statements on endpoints."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.postgres import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An endpoint as its owner sees it: everything but its credentials."""

    id: UUID
    name: str
    description: str
    url: str
    events: list[str]
    auth_type: str
    retry_attempts: int | None
    retry_delay_seconds: int | None
    timeout_seconds: int
    rate_limit_per_second: int | None
    ordered: bool
    active: bool
    disabled_at: datetime | None
    disabled_reason: str | None
    first_failure_at: datetime | None
    last_triggered_at: datetime | None
    total_deliveries: int
    successful_deliveries: int
    failed_deliveries: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What a batch of attempts brought for one endpoint."""

    distributor_id: UUID
    endpoint_id: UUID
    succeeded: int
    failed: int
    last_attempt_at: datetime


COLUMNS = ", ".join(field.name for field in fields(Endpoint))
SETTABLE = (
    "name",
    "description",
    "url",
    "events",
    "auth_type",
    "retry_attempts",
    "retry_delay_seconds",
    "timeout_seconds",
    "rate_limit_per_second",
    "ordered",
    "active",
)
"""The columns that an owner decides on, in the order of the statements below."""


async def insert_endpoint(
    tx: Transaction, distributor_id: UUID, endpoint_id: UUID, values: Mapping[str, Any], credential: bytes | None, secrets: Sequence[bytes]
) -> Endpoint:
    """Insert an endpoint with a value for each of SETTABLE and its sealed credential or secrets."""
    row = await tx.fetchrow(
        f"""
        insert into webhook_endpoints (distributor_id, id, auth_value, secrets, name, description, url, events, auth_type, retry_attempts,
                                       retry_delay_seconds, timeout_seconds, rate_limit_per_second, ordered, active)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        returning {COLUMNS}
        """,  # noqa: S608 - our own column names
        distributor_id,
        endpoint_id,
        credential,
        secrets,
        *(values[name] for name in SETTABLE),
    )
    assert row is not None
    return Endpoint(**row)


async def select_endpoint(tx: Transaction, distributor_id: UUID, endpoint_id: UUID) -> Endpoint | None:
    """Return an endpoint."""
    row = await tx.fetchrow(f"select {COLUMNS} from webhook_endpoints where distributor_id = $1 and id = $2", distributor_id, endpoint_id)  # noqa: S608 - our own column names
    return Endpoint(**row) if row else None


async def select_endpoints(tx: Transaction, distributor_id: UUID, after: UUID, limit: int) -> list[Endpoint]:
    """Return at most `limit` endpoints, the oldest first, from the one behind `after` on."""
    rows = await tx.fetch(
        f"select {COLUMNS} from webhook_endpoints where distributor_id = $1 and id > $2 order by id limit $3",  # noqa: S608 - our own column names
        distributor_id,
        after,
        limit,
    )
    return [Endpoint(**row) for row in rows]


async def select_credentials(tx: Transaction, distributor_id: UUID, endpoint_id: UUID) -> tuple[bytes | None, list[bytes]] | None:
    """Return the sealed credential and the sealed secrets of an endpoint."""
    row = await tx.fetchrow("select auth_value, secrets from webhook_endpoints where distributor_id = $1 and id = $2", distributor_id, endpoint_id)
    return (row["auth_value"], row["secrets"]) if row else None


async def update_endpoint(tx: Transaction, distributor_id: UUID, endpoint_id: UUID, changes: Mapping[str, Any]) -> Endpoint | None:
    """Set the columns named in `changes`, all of SETTABLE. An endpoint that is made active again is no longer disabled."""
    names = [name for name in SETTABLE if name in changes]
    assignments = ", ".join(f"{name} = ${place}" for place, name in enumerate(names, start=3))
    healed = ", disabled_at = null, disabled_reason = null, first_failure_at = null" if changes.get("active") else ""
    row = await tx.fetchrow(
        f"update webhook_endpoints set {assignments}{healed} where distributor_id = $1 and id = $2 returning {COLUMNS}",  # noqa: S608 - our own column names
        distributor_id,
        endpoint_id,
        *(changes[name] for name in names),
    )
    return Endpoint(**row) if row else None


async def delete_endpoint(tx: Transaction, distributor_id: UUID, endpoint_id: UUID) -> bool:
    """Delete an endpoint with its deliveries; the log of attempts stays. Returns False where there is none."""
    return bool(await tx.fetchval("delete from webhook_endpoints where distributor_id = $1 and id = $2 returning true", distributor_id, endpoint_id))


async def select_subscribers(tx: Transaction, distributor_ids: Collection[UUID], event_type: str) -> set[UUID]:
    """Return those of the tenants that have an endpoint for this type, active or given up by us."""
    rows = await tx.fetch(
        """
        select distinct distributor_id from webhook_endpoints
         where distributor_id = any($1::uuid[]) and (active or disabled_at is not null) and events ? $2
        """,
        list(distributor_ids),
        event_type,
    )
    return {row["distributor_id"] for row in rows}


async def update_tallies(tx: Transaction, tallies: Sequence[Tally]) -> list[tuple[UUID, UUID, datetime | None]]:
    """Add up attempts on endpoints of any of the transaction's tenants. Returns (tenant, endpoint, failing since) of each."""
    rows = await tx.fetch(
        """
        with tally as (
            select e.distributor_id, e.id, t.succeeded, t.failed, t.last_attempt_at
              from webhook_endpoints e
              join unnest($1::uuid[], $2::uuid[], $3::int[], $4::int[], $5::timestamptz[])
                as t (distributor_id, id, succeeded, failed, last_attempt_at)
                on e.distributor_id = t.distributor_id and e.id = t.id
             order by e.distributor_id, e.id
               for update of e
        )
        update webhook_endpoints e
           set total_deliveries = e.total_deliveries + t.succeeded + t.failed,
               successful_deliveries = e.successful_deliveries + t.succeeded,
               failed_deliveries = e.failed_deliveries + t.failed,
               last_triggered_at = greatest(e.last_triggered_at, t.last_attempt_at),
               first_failure_at = case when t.succeeded = 0 then coalesce(e.first_failure_at, t.last_attempt_at) end
          from tally t
         where e.distributor_id = t.distributor_id and e.id = t.id
        returning e.distributor_id, e.id, e.first_failure_at
        """,
        [tally.distributor_id for tally in tallies],
        [tally.endpoint_id for tally in tallies],
        [tally.succeeded for tally in tallies],
        [tally.failed for tally in tallies],
        [tally.last_attempt_at for tally in tallies],
    )
    return [(row["distributor_id"], row["id"], row["first_failure_at"]) for row in rows]


async def disable_endpoint(tx: Transaction, distributor_id: UUID, endpoint_id: UUID, reason: str) -> str | None:
    """Give up an active endpoint. Returns its name, or None where it was not active."""
    name: str | None = await tx.fetchval(
        """
        update webhook_endpoints set active = false, disabled_at = now(), disabled_reason = $3
         where distributor_id = $1 and id = $2 and active returning name
        """,
        distributor_id,
        endpoint_id,
        reason,
    )
    return name
