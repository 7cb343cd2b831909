"""What customers changed after they had sent it. One statement a function."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from libs.postgres import Connection, Transaction

MessageName: TypeAlias = tuple[UUID, UUID, str]
"""Tenant, integration, external id."""


@dataclass(frozen=True, slots=True)
class Amendment:
    """What a message says from then on; `content` is None where it was taken back."""

    distributor_id: UUID
    integration_id: UUID
    external_message_id: str
    content: str | None
    amended_at: datetime

    @property
    def name(self) -> MessageName:
        """The message that is changed."""
        return self.distributor_id, self.integration_id, self.external_message_id


@dataclass(frozen=True, slots=True)
class Amended:
    """A message and what it says now; `is_news` where it said something else before."""

    distributor_id: UUID
    integration_id: UUID
    external_message_id: str
    message_id: UUID
    conversation_id: UUID
    content: str
    is_news: bool

    @property
    def name(self) -> MessageName:
        """The message that was changed."""
        return self.distributor_id, self.integration_id, self.external_message_id


async def update_amended(tx: Transaction, amendments: Sequence[Amendment]) -> list[Amended]:
    """Change messages and keep what they said before. The newest change holds, in whatever order they come; what was taken back stays so.

    Returns the messages that are here.
    """
    rows = await tx.fetch(
        """
        with named as materialized (
            select distinct on (x.distributor_id, x.message_id, e.amended_at)
                   x.distributor_id, x.message_id, x.integration_id, x.external_id, e.content, e.amended_at
              from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[])
                with ordinality as e (distributor_id, integration_id, external_id, content, amended_at, place)
              join external_message_mappings x
                on (x.distributor_id, x.integration_id, x.external_id) = (e.distributor_id, e.integration_id, e.external_id)
               and x.direction = 'INBOUND'
             order by x.distributor_id, x.message_id, e.amended_at, e.content is null desc, e.place desc
        ),
        said_first as (
            insert into message_revisions (distributor_id, message_id, content)
            select m.distributor_id, m.id, m.content
              from messages m
              join (select distinct distributor_id, message_id from named) n on (m.distributor_id, m.id) = (n.distributor_id, n.message_id)
             order by m.distributor_id, m.id
                on conflict do nothing
        ),
        said_later as (
            insert into message_revisions (distributor_id, message_id, content, amended_at)
            select distributor_id, message_id, content, amended_at from named order by distributor_id, message_id, amended_at
                on conflict (distributor_id, message_id, amended_at) do update set content = excluded.content
        ),
        newest as (
            select distinct on (distributor_id, message_id) * from named
             order by distributor_id, message_id, content is null desc, amended_at desc
        ),
        changed as (
            update messages m
               set content = coalesce(n.content, ''),
                   edited_at = case when n.content is null then m.edited_at else n.amended_at end,
                   revoked_at = case when n.content is null then n.amended_at end
              from newest n
             where (m.distributor_id, m.id) = (n.distributor_id, n.message_id)
               and m.revoked_at is null
               and (n.content is null or m.edited_at is null or m.edited_at <= n.amended_at)
            returning m.distributor_id, m.id, m.content, n.content is null or m.content <> old.content as is_news
        )
        select n.distributor_id, n.integration_id, n.external_id as external_message_id, n.message_id, m.conversation_id,
               coalesce(c.content, m.content) as content, coalesce(c.is_news, false) as is_news
          from newest n
          join messages m on (m.distributor_id, m.id) = (n.distributor_id, n.message_id)
          left join changed c on (c.distributor_id, c.id) = (n.distributor_id, n.message_id)
        """,
        *_columns(amendments),
    )
    return [Amended(**row) for row in rows]


async def update_unread(tx: Transaction, conversations: Collection[tuple[UUID, UUID]]) -> None:
    """Let staff look at conversations, each named with its tenant, again: they are in the inbox, and not read."""
    await tx.execute(
        """
        update conversations c set unread_count = greatest(c.unread_count, 1), status = 'ACTIVE'
          from unnest($1::uuid[], $2::uuid[]) as e (distributor_id, id)
         where (c.distributor_id, c.id) = (e.distributor_id, e.id)
        """,
        [distributor_id for distributor_id, _ in conversations],
        [conversation_id for _, conversation_id in conversations],
    )


async def insert_early(tx: Transaction, amendments: Sequence[Amendment]) -> None:
    """Keep changes of messages that are still to come."""
    await tx.execute(
        """
        insert into early_amendments (distributor_id, integration_id, external_message_id, content, amended_at)
        select distinct on (1, 2, 3, 5) * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[])
            on conflict do nothing
        """,
        *_columns(amendments),
    )


async def select_tenants_of_early(worker: Connection) -> list[UUID]:
    """Return the tenants for whom changes wait."""
    rows = await worker.fetch("select distinct distributor_id from early_amendments")
    return [row["distributor_id"] for row in rows]


async def delete_due(tx: Transaction, limit: int) -> list[Amendment]:
    """Take out changes, of any of the transaction's tenants, whose messages have come since."""
    rows = await tx.fetch(
        """
        with due as (
            select e.distributor_id, e.integration_id, e.external_message_id, e.amended_at
              from early_amendments e
             -- Lateral and limited, so that each change is looked up by the key, rather than every message of the tenant read.
             cross join lateral (
                   select from external_message_mappings x
                    where (x.distributor_id, x.integration_id, x.external_id) = (e.distributor_id, e.integration_id, e.external_message_id)
                      and x.direction = 'INBOUND'
                    limit 1) here
             limit $1
               for update of e skip locked
        )
        delete from early_amendments e using due
         where (e.distributor_id, e.integration_id, e.external_message_id, e.amended_at)
             = (due.distributor_id, due.integration_id, due.external_message_id, due.amended_at)
        returning e.distributor_id, e.integration_id, e.external_message_id, e.content, e.amended_at
        """,
        limit,
    )
    return [Amendment(**row) for row in rows]


def _columns(amendments: Sequence[Amendment]) -> tuple[list[Any], ...]:
    return (
        [a.distributor_id for a in amendments],
        [a.integration_id for a in amendments],
        [a.external_message_id for a in amendments],
        [a.content for a in amendments],
        [a.amended_at for a in amendments],
    )
