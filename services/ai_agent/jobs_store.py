"""The statements on calls that are to be made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from libs.postgres import Connection, Transaction
from schemas.ai_call_recorded import AgentType
from services.ai_agent.message import Message

BEHIND_ALL_MESSAGES = 1 << 40
"""Added to the turn of what nobody waits for: a later message goes before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A call that is to be made about a message."""

    message: Message
    agent_type: AgentType
    event_id: UUID
    correlation_id: UUID
    prompt_version: str | None = None
    attachment_id: UUID | None = None

    @property
    def turn(self) -> int:
        """The place within the conversation."""
        is_waited_for = self.agent_type is AgentType.MESSAGE_ANALYSIS and self.prompt_version is None
        return self.message.thread_position + (0 if is_waited_for else BEHIND_ALL_MESSAGES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A job that is ours until its lease is over."""

    distributor_id: UUID
    id: UUID
    agent_type: AgentType
    attempt: int
    prompt_version: str | None
    attachment_id: UUID | None
    message: Message
    event_id: UUID
    correlation_id: UUID


async def insert_jobs(tx: Transaction, jobs: Sequence[NewJob]) -> None:
    """Queue calls of any of the transaction's tenants; those that are there already stay as they are."""
    rows: list[dict[str, Any]] = [
        {
            "distributor_id": job.message.distributor_id,
            "message_id": job.message.message_id,
            "conversation_id": job.message.conversation_id,
            "agent_type": job.agent_type,
            "prompt_version": job.prompt_version,
            "attachment_id": job.attachment_id,
            "turn": job.turn,
            "message": job.message,
            "event_id": job.event_id,
            "correlation_id": job.correlation_id,
        }
        for job in jobs
    ]
    await tx.execute(
        """
        insert into ai_jobs (distributor_id, message_id, conversation_id, agent_type, prompt_version, attachment_id, turn, message, event_id,
                             correlation_id)
        select * from jsonb_to_recordset($1)
            as e (distributor_id uuid, message_id uuid, conversation_id uuid, agent_type text, prompt_version text, attachment_id uuid, turn bigint,
                  message jsonb, event_id uuid, correlation_id uuid)
            on conflict do nothing
        """,
        rows,
    )


async def claim_due(worker: Connection, limit: int, lease: timedelta) -> list[Claimed]:
    """Claim at most `limit` jobs of all tenants, which take turns: each the first of its conversation, in which nothing else is under way.

    Raises UniqueViolationError where another process has just begun something else in one of these conversations.
    """
    rows = await worker.fetch(
        """
        with recursive waiting as (
            (select distributor_id from ai_jobs order by 1 limit 1)
            union all
            select next.distributor_id
              from waiting w
             cross join lateral (select j.distributor_id from ai_jobs j where j.distributor_id > w.distributor_id order by 1 limit 1) next
        ), candidates as (
            select w.distributor_id, c.id, row_number() over (partition by w.distributor_id order by c.run_after, c.turn) as round
              from waiting w
             cross join lateral (
                    select j.id, j.run_after, j.turn from ai_jobs j
                     where j.distributor_id = w.distributor_id and j.run_after <= now() and j.locked_until <= now()
                       and (j.state = 'RUNNING'
                            -- Not as "not exists", which the planner may answer by reading the whole backlog.
                            or (select r.id from ai_jobs r
                                 where r.distributor_id = j.distributor_id and r.conversation_id = j.conversation_id and r.state = 'RUNNING'
                                 limit 1) is null
                           and j.turn = (
                               select first.turn from ai_jobs first
                                where first.distributor_id = j.distributor_id and first.conversation_id = j.conversation_id
                                  and first.state = 'PENDING'
                                order by first.turn limit 1))
                     order by j.run_after
                     limit $1) c
        ), first_ones as (
            select distinct on (j.distributor_id, j.conversation_id) j.distributor_id, j.id, c.round
              from candidates c
              join ai_jobs j on j.distributor_id = c.distributor_id and j.id = c.id
             order by j.distributor_id, j.conversation_id, j.turn, j.id
        ), due as (
            select j.distributor_id, j.id
              from ai_jobs j
              join first_ones f on f.distributor_id = j.distributor_id and f.id = j.id
             where j.run_after <= now() and j.locked_until <= now()
             order by f.round
             limit $1
               for update of j skip locked
        )
        update ai_jobs j
           set state = 'RUNNING', locked_until = now() + $2, attempt = j.attempt + 1
          from due
         where j.distributor_id = due.distributor_id and j.id = due.id
        returning j.distributor_id, j.id, j.agent_type, j.attempt, j.prompt_version, j.attachment_id, j.message, j.event_id, j.correlation_id
        """,
        limit,
        lease,
    )
    return [_claimed(dict(row)) for row in rows]


async def update_to_retry(tx: Transaction, jobs: Sequence[Claimed], pause: timedelta) -> None:
    """Give jobs back to the queue as if they had not been begun, behind what is waited for, unless another attempt has begun since."""
    await tx.execute(
        """
        update ai_jobs j
           set state = 'PENDING', run_after = now() + $4, locked_until = '-infinity', attempt = j.attempt - 1,
               turn = case when j.turn < $5 then j.turn + $5 else j.turn end
          from unnest($1::uuid[], $2::uuid[], $3::int[]) as d (distributor_id, id, attempt)
         where j.distributor_id = d.distributor_id and j.id = d.id and j.attempt = d.attempt
        """,
        [each.distributor_id for each in jobs],
        [each.id for each in jobs],
        [each.attempt for each in jobs],
        pause,
        BEHIND_ALL_MESSAGES,
    )


async def delete_done(tx: Transaction, done: Sequence[Claimed]) -> set[UUID]:
    """Take jobs from the queue, unless another attempt has begun since. Returns the ids of those that were there."""
    rows = await tx.fetch(
        """
        delete from ai_jobs j using unnest($1::uuid[], $2::uuid[], $3::int[]) as d (distributor_id, id, attempt)
         where j.distributor_id = d.distributor_id and j.id = d.id and j.attempt = d.attempt
        returning j.id
        """,
        [each.distributor_id for each in done],
        [each.id for each in done],
        [each.attempt for each in done],
    )
    return {row["id"] for row in rows}


def _claimed(row: dict[str, Any]) -> Claimed:
    row |= {"agent_type": AgentType(row["agent_type"]), "message": Message.model_validate(row["message"])}
    return Claimed(**row)
