"""The statements on attempts: the log of what was tried, and the deliveries' new states."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from libs.postgres import Connection, Transaction
from services.webhook_dispatcher.delivery_store import Due
from services.webhook_dispatcher.domain import Answer, Dead, Delivered, EndpointGone, Outcome, Response, RetryLater


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt that has ended."""

    due: Due
    began_at: datetime
    ended_at: datetime
    response: Response
    outcome: Outcome

    @property
    def succeeded(self) -> bool:
        """Whether the endpoint has the event."""
        return isinstance(self.outcome, Delivered)

    @property
    def answer(self) -> Answer | None:
        """What came back, if anything did."""
        return self.response if isinstance(self.response, Answer) else None

    @property
    def error(self) -> str | None:
        """Why it failed, if it did."""
        return None if isinstance(self.outcome, Delivered) else self.outcome.error

    @property
    def delivery_status(self) -> str:
        """The state in which the delivery is now."""
        match self.outcome:
            case Delivered():
                return "SUCCESS"
            case RetryLater():
                return "RETRYING"
            case Dead():
                return "DEAD"
            case EndpointGone():
                return "HELD"

    @property
    def pause(self) -> timedelta | None:
        """How long until the next attempt, if there is to be one."""
        return self.outcome.pause if isinstance(self.outcome, RetryLater) else None


async def insert_attempts(tx: Transaction, attempts: Sequence[Attempt]) -> None:
    """Log attempts on deliveries of any of the transaction's tenants."""
    await tx.execute(
        """
        insert into webhook_attempts (distributor_id, webhook_delivery_id, webhook_endpoint_id, event_id, attempt_number, status, attempted_at,
                                      completed_at, response_status_code, response_body, response_headers, error_message)
        select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::int[], $6::text[], $7::timestamptz[],
                             $8::timestamptz[], $9::int[], $10::text[], $11::jsonb[], $12::text[])
        """,
        [each.due.distributor_id for each in attempts],
        [each.due.id for each in attempts],
        [each.due.endpoint_id for each in attempts],
        [each.due.event_id for each in attempts],
        [each.due.attempt_number for each in attempts],
        ["SUCCESS" if each.succeeded else "FAILED" for each in attempts],
        [each.began_at for each in attempts],
        [each.ended_at for each in attempts],
        [each.answer.status if each.answer else None for each in attempts],
        [each.answer.body if each.answer else None for each in attempts],
        [each.answer.headers if each.answer else None for each in attempts],
        [each.error for each in attempts],
    )


async def update_deliveries(tx: Transaction, attempts: Sequence[Attempt]) -> None:
    """Move the deliveries on, unless another attempt has begun since. What was held meanwhile stays so, except after a success."""
    await tx.execute(
        """
        update webhook_deliveries d
           set status = case when d.status = 'HELD' and r.status <> 'SUCCESS' then 'HELD' else r.status end,
               locked_until = '-infinity',
               scheduled_at = coalesce(now() + r.pause, d.scheduled_at), retry_after = now() + r.pause,
               completed_at = r.ended_at, response_status_code = r.code, response_body = r.body, response_headers = r.headers, error_message = r.error
          from unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::interval[],
                      $6::timestamptz[], $7::int[], $8::text[], $9::jsonb[], $10::text[])
            as r (distributor_id, id, attempt_number, status, pause, ended_at, code, body, headers, error)
         where d.distributor_id = r.distributor_id and d.id = r.id and d.attempt_number = r.attempt_number
           and d.status in ('PENDING', 'RETRYING', 'HELD')
        """,
        [each.due.distributor_id for each in attempts],
        [each.due.id for each in attempts],
        [each.due.attempt_number for each in attempts],
        [each.delivery_status for each in attempts],
        [each.pause for each in attempts],
        [each.ended_at for each in attempts],
        [each.answer.status if each.answer else None for each in attempts],
        [each.answer.body if each.answer else None for each in attempts],
        [each.answer.headers if each.answer else None for each in attempts],
        [each.error for each in attempts],
    )


async def add_partitions(connection: Connection, today: date) -> int:
    """Make the partitions of this month and the next. Returns how many were missing. Belongs to no tenant."""
    made: int = await connection.fetchval("select add_webhook_attempts_partitions($1)", today)
    return made


async def drop_partitions(connection: Connection, kept_from: date) -> int:
    """Drop the partitions of the months that ended before this day. Returns how many there were. Belongs to no tenant."""
    dropped: int = await connection.fetchval("select drop_webhook_attempts_partitions($1)", kept_from)
    return dropped
