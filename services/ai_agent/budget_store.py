"""The statements on what tenants may spend: reserved before a call, booked after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from decimal import Decimal
from uuid import UUID

from libs.postgres import Connection, Transaction
from schemas.ai_call_recorded import AiCallRecorded
from services.ai_agent.budget import Room, Wanted


@dataclass(frozen=True, slots=True)
class Spent:
    """What a call has cost."""

    distributor_id: UUID
    call_id: UUID
    cost_usd: Decimal


async def lock_months(tx: Transaction, distributor_ids: Sequence[UUID], month: date) -> dict[UUID, Room]:
    """Lock tenants' months and return what is left of each; nothing of tenants that nobody told us of.

    Whoever waits for a lock decides by what the one before has left.
    """
    await tx.execute(
        """
        insert into ai_budget_months (distributor_id, month)
        select distributor_id, $2 from distributors where distributor_id = any($1::uuid[]) order by 1
            on conflict do nothing
        """,
        distributor_ids,
        month,
    )
    rows = await tx.fetch(
        """
        select m.distributor_id, m.in_flight, d.monthly_ai_budget_usd - m.spent_usd - m.reserved_usd as usd,
               d.max_monthly_ai_requests - m.requests - m.in_flight as requests
          from ai_budget_months m
          join distributors d on d.distributor_id = m.distributor_id
         where m.distributor_id = any($1::uuid[]) and m.month = $2
         order by m.distributor_id
           for update of m
        """,
        distributor_ids,
        month,
    )
    return {row["distributor_id"]: Room(usd=row["usd"], requests=row["requests"], in_flight=row["in_flight"]) for row in rows}


async def insert_reservations(tx: Transaction, granted: Sequence[Wanted], month: date, lease: timedelta) -> None:
    """Set aside what calls may cost at most. Their months must be locked."""
    await tx.execute(
        """
        with reserved as (
            insert into ai_budget_reservations (distributor_id, id, month, model, most_usd, expires_at)
            select distributor_id, id, $5, model, most_usd, now() + $6
              from unnest($1::uuid[], $2::uuid[], $3::text[], $4::numeric[]) as w (distributor_id, id, model, most_usd)
            returning distributor_id, most_usd
        ), sums as (
            select distributor_id, count(*)::int as calls, sum(most_usd) as most_usd from reserved group by 1
        )
        update ai_budget_months m
           set in_flight = m.in_flight + s.calls, reserved_usd = m.reserved_usd + s.most_usd
          from sums s
         where m.distributor_id = s.distributor_id and m.month = $5
        """,
        [each.distributor_id for each in granted],
        [each.call_id for each in granted],
        [each.model for each in granted],
        [each.most_usd for each in granted],
        month,
        lease,
    )


async def book(tx: Transaction, spent: Sequence[Spent]) -> None:
    """Put what calls have cost in place of what was set aside for them; a reservation that is gone was booked before."""
    await tx.execute(
        """
        with ended as (
            delete from ai_budget_reservations r using unnest($1::uuid[], $2::uuid[], $3::numeric[]) as s (distributor_id, id, cost_usd)
             where r.distributor_id = s.distributor_id and r.id = s.id
            returning r.distributor_id, r.month, r.most_usd, s.cost_usd
        ), sums as (
            select distributor_id, month, count(*)::int as calls, sum(most_usd) as most_usd, sum(cost_usd) as cost_usd
              from ended group by 1, 2 order by 1, 2
        )
        update ai_budget_months m
           set reserved_usd = m.reserved_usd - s.most_usd, in_flight = m.in_flight - s.calls,
               spent_usd = m.spent_usd + s.cost_usd, requests = m.requests + s.calls
          from sums s
         where m.distributor_id = s.distributor_id and m.month = s.month
        """,
        [each.distributor_id for each in spent],
        [each.call_id for each in spent],
        [each.cost_usd for each in spent],
    )


async def add_spent(tx: Transaction, calls: Sequence[AiCallRecorded]) -> None:
    """Book calls that other services have made."""
    await tx.execute(
        """
        insert into ai_budget_months as m (distributor_id, month, spent_usd, requests)
        select distributor_id, month, sum(cost_usd), count(*)
          from unnest($1::uuid[], $2::date[], $3::numeric[]) as e (distributor_id, month, cost_usd)
         group by 1, 2 order by 1, 2
            on conflict (distributor_id, month) do update
           set spent_usd = m.spent_usd + excluded.spent_usd, requests = m.requests + excluded.requests
        """,
        [call.distributor_id for call in calls],
        [call.occurred_at.astimezone(UTC).date().replace(day=1) for call in calls],
        [call.cost_usd for call in calls],
    )


async def select_abandoned(worker: Connection, limit: int) -> list[tuple[UUID, UUID]]:
    """Return the tenants and ids of reservations whose calls nobody came back from."""
    rows = await worker.fetch("select distributor_id, id from ai_budget_reservations where expires_at <= now() order by expires_at limit $1", limit)
    return [(row["distributor_id"], row["id"]) for row in rows]


async def select_reserved(tx: Transaction, reservations: Sequence[tuple[UUID, UUID]]) -> list[Spent]:
    """Return what was set aside for each call, as if it had cost all of it."""
    rows = await tx.fetch(
        """
        select r.distributor_id, r.id, r.most_usd from ai_budget_reservations r
          join unnest($1::uuid[], $2::uuid[]) as e (distributor_id, id) on e.distributor_id = r.distributor_id and e.id = r.id
        """,
        [distributor_id for distributor_id, _ in reservations],
        [call_id for _, call_id in reservations],
    )
    return [Spent(row["distributor_id"], row["id"], row["most_usd"]) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A month's budget (UTC), and what is gone of it; null is no limit."""

    month: date
    monthly_ai_budget_usd: Decimal | None
    max_monthly_ai_requests: int | None
    spent_usd: Decimal
    reserved_usd: Decimal
    requests: int
    in_flight: int


async def select_budget(tx: Transaction, distributor_id: UUID, month: date) -> Budget | None:
    """Return a month's budget; None of a tenant that nobody told us of."""
    row = await tx.fetchrow(
        """
        select $2::date as month, d.monthly_ai_budget_usd, d.max_monthly_ai_requests, coalesce(m.spent_usd, 0) as spent_usd,
               coalesce(m.reserved_usd, 0) as reserved_usd, coalesce(m.requests, 0) as requests, coalesce(m.in_flight, 0) as in_flight
          from distributors d
          left join ai_budget_months m on m.distributor_id = d.distributor_id and m.month = $2
         where d.distributor_id = $1
        """,
        distributor_id,
        month,
    )
    return Budget(**row) if row else None
