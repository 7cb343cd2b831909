"""The statements on integrations: what their owners see and change, and how well they work."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any
from uuid import UUID

from libs.postgres import Connection, Transaction
from services.ingest.integration import Integration

COLUMNS = ", ".join("credentials is not null as has_credentials" if field.name == "has_credentials" else field.name for field in fields(Integration))
SETTABLE = ("display_name", "provider_version", "config", "credentials", "webhook_url", "webhook_secret", "status", "error_count")
"""The columns that follow from what an owner says."""
FAILURES_TO_ERROR = 5


async def select_integration(tx: Transaction, distributor_id: UUID, integration_id: UUID) -> Integration | None:
    """Return an integration."""
    row = await tx.fetchrow(f"select {COLUMNS} from external_integrations where distributor_id = $1 and id = $2", distributor_id, integration_id)  # noqa: S608 - our own column names
    return Integration(**row) if row else None


async def lock_integration(tx: Transaction, distributor_id: UUID, integration_id: UUID) -> Integration | None:
    """Return an integration that stays as it is, and that nothing can come to refer to, until the transaction ends."""
    row = await tx.fetchrow(
        f"select {COLUMNS} from external_integrations where distributor_id = $1 and id = $2 for update",  # noqa: S608 - our own column names
        distributor_id,
        integration_id,
    )
    return Integration(**row) if row else None


async def select_integrations(tx: Transaction, distributor_id: UUID, after: UUID, limit: int | None) -> list[Integration]:
    """Return at most `limit` integrations by their ids, from the one behind `after` on; None: all."""
    rows = await tx.fetch(
        f"select {COLUMNS} from external_integrations where distributor_id = $1 and id > $2 order by id limit $3",  # noqa: S608 - our own column names
        distributor_id,
        after,
        limit,
    )
    return [Integration(**row) for row in rows]


async def select_secrets(tx: Transaction, distributor_id: UUID, integration_id: UUID) -> tuple[bytes | None, bytes | None]:
    """Return the credentials and the webhook secret of an integration, sealed."""
    row = await tx.fetchrow(
        "select credentials, webhook_secret from external_integrations where distributor_id = $1 and id = $2", distributor_id, integration_id
    )
    return (row["credentials"], row["webhook_secret"]) if row else (None, None)


async def update_integration(tx: Transaction, distributor_id: UUID, integration_id: UUID, changes: Mapping[str, Any]) -> Integration | None:
    """Set the columns named in `changes`, all of SETTABLE, as the integration's next version."""
    names = [name for name in SETTABLE if name in changes]
    assignments = ", ".join(f"{name} = ${place}" for place, name in enumerate(names, start=3))
    row = await tx.fetchrow(
        f"update external_integrations set {assignments}, version = version + 1 where distributor_id = $1 and id = $2 returning {COLUMNS}",  # noqa: S608 - our own column names
        distributor_id,
        integration_id,
        *(changes[name] for name in names),
    )
    return Integration(**row) if row else None


async def delete_integration(tx: Transaction, distributor_id: UUID, integration_id: UUID) -> bool:
    """Delete an integration that nothing came in by. Returns False where something did, or where there is none."""
    return bool(
        await tx.fetchval(
            """
            delete from external_integrations i
             where distributor_id = $1 and id = $2
               and not exists (select from inbound_receipts r where r.distributor_id = i.distributor_id and r.integration_id = i.id)
               and not exists (select from webhook_tokens t where t.distributor_id = i.distributor_id and t.integration_id = i.id)
            returning true
            """,
            distributor_id,
            integration_id,
        )
    )


async def record_failure(tx: Transaction, distributor_id: UUID, integration_id: UUID, message: str) -> None:
    """Count a call that could not be taken, and why: no secret and nothing that a customer wrote. Several in a row make the status ERROR."""
    await tx.execute(
        """
        update external_integrations
           set error_count = error_count + 1, last_error_message = left($3, 500),
               status = case when status = 'ACTIVE' and error_count + 1 >= $4 then 'ERROR' else status end
         where distributor_id = $1 and id = $2
        """,
        distributor_id,
        integration_id,
        message,
        FAILURES_TO_ERROR,
    )


async def record_successes(tx: Transaction, integrations: Sequence[tuple[UUID, UUID]]) -> None:
    """Say that calls of these (tenant, integration) were taken: what was in ERROR is ACTIVE again.

    Written where it tells something new, at most once a minute otherwise. A row that another transaction holds is left to that one: a hot path
    must not wait for a timestamp.
    """
    await tx.execute(
        """
        update external_integrations i
           set error_count = 0, last_sync_at = now(), status = case when i.status = 'ERROR' then 'ACTIVE' else i.status end
          from (select e.distributor_id, e.id
                  from external_integrations e
                  join unnest($1::uuid[], $2::uuid[]) as given (distributor_id, id) using (distributor_id, id)
                 where e.error_count > 0 or e.last_sync_at is null or e.last_sync_at < now() - interval '1 minute'
                   for no key update of e skip locked) as found
         where i.distributor_id = found.distributor_id and i.id = found.id
        """,
        [distributor_id for distributor_id, _ in integrations],
        [integration_id for _, integration_id in integrations],
    )


async def count_by_status(worker: Connection) -> dict[tuple[str, str], int]:
    """Return how many integrations of all tenants there are, by provider and status."""
    rows = await worker.fetch("select provider, status, count(*) as count from external_integrations group by 1, 2")
    return {(row["provider"], row["status"]): row["count"] for row in rows}
