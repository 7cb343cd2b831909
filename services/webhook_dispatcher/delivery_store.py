"""The statements on deliveries: what is queued, claimed, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from libs.postgres import Connection, Transaction
from schemas.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A delivery that this process alone may make until its lease ends; `attempt_number` counts from 1."""

    distributor_id: UUID
    id: UUID
    attempt_number: int
    endpoint_id: UUID
    event_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Everything that an attempt needs; credentials are sealed, `payload` is the event as JSON text."""

    distributor_id: UUID
    id: UUID
    attempt_number: int
    endpoint_id: UUID
    url: str
    auth_type: str
    auth_value: bytes | None
    secrets: list[bytes]
    retry_attempts: int | None
    retry_delay_seconds: int | None
    timeout_seconds: int
    event_id: UUID
    type: str
    occurred_at: datetime
    payload: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A delivery as the endpoint's owner sees it; the response is that of the newest attempt."""

    id: UUID
    position: int
    webhook_endpoint_id: UUID
    event_id: UUID
    event_type: str
    status: str
    attempt_number: int
    scheduled_at: datetime
    attempted_at: datetime | None
    completed_at: datetime | None
    response_status_code: int | None
    response_body: str | None
    response_headers: dict[str, str] | None
    error_message: str | None
    retry_after: datetime | None
    created_at: datetime


COLUMNS = ", ".join(field.name for field in fields(Delivery))


async def insert_deliveries(tx: Transaction, events: Sequence[Event]) -> None:
    """Queue `events`, of any of the transaction's tenants, for the endpoints that subscribed to them; held for those that we gave up."""
    await tx.execute(
        """
        with wanted as (
            select a.*, w.id as endpoint_id, w.active
              from unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[]::jsonb[]) with ordinality
                as a (distributor_id, event_id, type, occurred_at, payload, place)
              join webhook_endpoints w on w.distributor_id = a.distributor_id and (w.active or w.disabled_at is not null) and w.events ? a.type
        ), kept as (
            insert into webhook_events (distributor_id, event_id, type, occurred_at, payload)
            select distinct on (distributor_id, event_id) distributor_id, event_id, type, occurred_at, payload from wanted
                on conflict do nothing
        )
        insert into webhook_deliveries (distributor_id, webhook_endpoint_id, event_id, event_type, status)
        select distributor_id, endpoint_id, event_id, type, case when active then 'PENDING' else 'HELD' end from wanted order by place, endpoint_id
            on conflict (distributor_id, webhook_endpoint_id, event_id) do nothing
        """,
        [event.distributor_id for event in events],
        [event.envelope.id for event in events],
        [event.topic for event in events],
        [event.occurred_at for event in events],
        [event.model_dump_json() for event in events],
    )


async def claim_due(worker: Connection, limit: int, per_endpoint: int, lease: timedelta) -> list[Claimed]:
    """Claim at most `limit` deliveries of all tenants for as long as `lease`, in turns between the endpoints.

    An endpoint has at most `per_endpoint` under way, one that keeps the order or fails just now only one, and no more within a second than it allows.
    """
    rows = await worker.fetch(
        """
        with recursive waiting as (
            (select distributor_id, webhook_endpoint_id from webhook_deliveries where status in ('PENDING', 'RETRYING') order by 1, 2 limit 1)
            union all
            select next.distributor_id, next.webhook_endpoint_id
              from waiting w
             cross join lateral (
                    select d.distributor_id, d.webhook_endpoint_id from webhook_deliveries d
                     where d.status in ('PENDING', 'RETRYING')
                       and (d.distributor_id, d.webhook_endpoint_id) > (w.distributor_id, w.webhook_endpoint_id)
                     order by 1, 2 limit 1) next
        ), open_endpoints as materialized (
            select e.distributor_id, e.id, e.ordered,
                   least(
                       case when e.ordered or e.first_failure_at is not null then 1 else $2 end
                       - (select count(*) from webhook_deliveries d
                           where d.distributor_id = e.distributor_id and d.webhook_endpoint_id = e.id
                             and d.status in ('PENDING', 'RETRYING') and d.locked_until > now()),
                       case when e.rate_limit_per_second is not null then e.rate_limit_per_second
                       - (select count(*) from webhook_deliveries d
                           where d.distributor_id = e.distributor_id and d.webhook_endpoint_id = e.id
                             and d.attempted_at > now() - interval '1 second') end
                   ) as places
              from waiting w
              join webhook_endpoints e on e.distributor_id = w.distributor_id and e.id = w.webhook_endpoint_id and e.active
        ), candidates as (
            select e.distributor_id, c.id, row_number() over (partition by e.distributor_id, e.id order by c.scheduled_at) as turn
              from open_endpoints e
             cross join lateral (
                    (select d.id, d.scheduled_at from webhook_deliveries d
                      where not e.ordered and d.distributor_id = e.distributor_id and d.webhook_endpoint_id = e.id
                        and d.status in ('PENDING', 'RETRYING') and d.scheduled_at <= now() and d.locked_until <= now()
                      order by d.scheduled_at limit greatest(e.places, 0))
                    union all
                    (select head.id, head.scheduled_at from (
                        select d.id, d.scheduled_at from webhook_deliveries d
                         where e.ordered and d.distributor_id = e.distributor_id and d.webhook_endpoint_id = e.id
                           and d.status in ('PENDING', 'RETRYING')
                         order by d.position limit 1) head
                      where e.places > 0)) c
        ), due as (
            select d.distributor_id, d.id
              from webhook_deliveries d
              join candidates c on c.distributor_id = d.distributor_id and c.id = d.id
             -- Said so that only the primary key can serve: the partial indexes grow with the backlog.
             where d.status not in ('SUCCESS', 'FAILED', 'DEAD', 'HELD') and d.scheduled_at <= now() and d.locked_until <= now()
             order by c.turn, d.scheduled_at
             limit $1
               for update of d skip locked
        )
        update webhook_deliveries d
           set locked_until = now() + $3, attempt_number = d.attempt_number + 1, attempted_at = now()
          from due
         where d.distributor_id = due.distributor_id and d.id = due.id
        returning d.distributor_id, d.id, d.attempt_number, d.webhook_endpoint_id as endpoint_id, d.event_id
        """,
        limit,
        per_endpoint,
        lease,
    )
    return [Claimed(**row) for row in rows]


async def select_due(tx: Transaction, claimed: Sequence[Claimed]) -> list[Due]:
    """Return what claimed deliveries, of any of the transaction's tenants, need for their attempt."""
    rows = await tx.fetch(
        """
        select c.*, e.url, e.auth_type, e.auth_value, e.secrets, e.retry_attempts, e.retry_delay_seconds, e.timeout_seconds,
               v.type, v.occurred_at, v.payload::text as payload
          from unnest($1::uuid[], $2::uuid[], $3::int[], $4::uuid[], $5::uuid[]) as c (distributor_id, id, attempt_number, endpoint_id, event_id)
          join webhook_endpoints e on e.distributor_id = c.distributor_id and e.id = c.endpoint_id
          join webhook_events v on v.distributor_id = c.distributor_id and v.event_id = c.event_id
        """,
        [each.distributor_id for each in claimed],
        [each.id for each in claimed],
        [each.attempt_number for each in claimed],
        [each.endpoint_id for each in claimed],
        [each.event_id for each in claimed],
    )
    return [Due(**row) for row in rows]


async def hold_deliveries(tx: Transaction, distributor_id: UUID, endpoint_id: UUID) -> None:
    """Keep the endpoint's open deliveries until it is active again."""
    await tx.execute(
        """
        update webhook_deliveries set status = 'HELD', locked_until = '-infinity'
         where distributor_id = $1 and webhook_endpoint_id = $2 and status in ('PENDING', 'RETRYING')
        """,
        distributor_id,
        endpoint_id,
    )


async def release_deliveries(tx: Transaction, distributor_id: UUID, endpoint_id: UUID) -> None:
    """Make the deliveries that were held due, each with all its attempts."""
    await tx.execute(
        """
        update webhook_deliveries set status = 'PENDING', attempt_number = 0, scheduled_at = now()
         where distributor_id = $1 and webhook_endpoint_id = $2 and status = 'HELD'
        """,
        distributor_id,
        endpoint_id,
    )


async def select_deliveries(tx: Transaction, distributor_id: UUID, endpoint_id: UUID, before: int, limit: int) -> list[dict[str, Any]]:
    """Return at most `limit` deliveries of an endpoint with their events, the newest first, from the one behind position `before` on."""
    rows = await tx.fetch(
        f"""
        select d.*, v.payload as event_data
          from (select distributor_id, {COLUMNS} from webhook_deliveries
                 where distributor_id = $1 and webhook_endpoint_id = $2 and position < $3 order by position desc limit $4) d
          join webhook_events v on v.distributor_id = d.distributor_id and v.event_id = d.event_id
         order by d.position desc
        """,  # noqa: S608 - our own column names
        distributor_id,
        endpoint_id,
        before,
        limit,
    )
    return [dict(row) for row in rows]


async def redeliver(tx: Transaction, distributor_id: UUID, endpoint_id: UUID, delivery_id: UUID) -> Delivery | None:
    """Make a delivery due now, with all its attempts; one that is under way is left alone. Returns None where there is none."""
    row = await tx.fetchrow(
        f"""
        update webhook_deliveries d
           set status = case when e.active then 'PENDING' else 'HELD' end, attempt_number = 0, scheduled_at = now(), retry_after = null
          from webhook_endpoints e
         where d.distributor_id = $1 and d.webhook_endpoint_id = $2 and d.id = $3
           and e.distributor_id = d.distributor_id and e.id = d.webhook_endpoint_id and d.locked_until <= now()
        returning {", ".join(f"d.{field.name}" for field in fields(Delivery))}
        """,  # noqa: S608 - our own column names
        distributor_id,
        endpoint_id,
        delivery_id,
    )
    return Delivery(**row) if row else None


async def delivery_exists(tx: Transaction, distributor_id: UUID, endpoint_id: UUID, delivery_id: UUID) -> bool:
    """Tell whether the endpoint has this delivery."""
    found = await tx.fetchval(
        "select true from webhook_deliveries where distributor_id = $1 and webhook_endpoint_id = $2 and id = $3",
        distributor_id,
        endpoint_id,
        delivery_id,
    )
    return bool(found)
