"""What has been kept for as long as its tenant wants. One statement a function."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from libs.postgres import Connection, Transaction

SHORTEST_DAYS = 8
"""For so long messages stay at least: their topic has them for 7 days, and read from there again they must be known."""


@dataclass(frozen=True, slots=True)
class Old:
    """A message that goes."""

    distributor_id: UUID
    message_id: UUID
    conversation_id: UUID


async def select_periods(worker: Connection) -> dict[UUID, int]:
    """Return for how many days the messages of each tenant are kept; of those that are not named, for ever."""
    rows = await worker.fetch("select distributor_id, data_retention_days from distributors where data_retention_days is not null")
    return {row["distributor_id"]: max(row["data_retention_days"], SHORTEST_DAYS) for row in rows}


async def select_tenants(worker: Connection) -> list[UUID]:
    """Return every tenant that we were told of."""
    return [row["distributor_id"] for row in await worker.fetch("select distributor_id from distributors")]


async def select_old(tx: Transaction, periods: Mapping[UUID, int], first_page: int, pages: int, limit: int) -> list[Old]:
    """Return at most `limit` messages, of any of the transaction's tenants, that are on these pages of the table and old enough."""
    rows = await tx.fetch(
        """
        with pages as materialized (
            select distributor_id, id, conversation_id, created_at from messages where ctid >= $3::tid and ctid < $4::tid
        )
        select distributor_id, id as message_id, conversation_id
          from pages
          join unnest($1::uuid[], $2::int[]) as kept (distributor_id, days) using (distributor_id)
         where created_at < now() - make_interval(days => days)
         limit $5
        """,
        list(periods.keys()),
        list(periods.values()),
        (first_page, 0),
        (first_page + pages, 0),
        limit,
    )
    return [Old(**row) for row in rows]


async def select_files(tx: Transaction, old: Sequence[Old]) -> list[tuple[UUID, str | None, str | None]]:
    """Return (tenant, key in our storage, address) of the files of messages."""
    rows = await tx.fetch(
        """
        select a.distributor_id, a.storage_key, a.url
          from message_attachments a
          join unnest($1::uuid[], $2::uuid[]) as e (distributor_id, message_id) using (distributor_id, message_id)
        """,
        [each.distributor_id for each in old],
        [each.message_id for each in old],
    )
    return [(row["distributor_id"], row["storage_key"], row["url"]) for row in rows]


async def delete_attachments(tx: Transaction, old: Sequence[Old]) -> None:
    """Forget the files of messages."""
    await tx.execute(
        """
        delete from message_attachments a using unnest($1::uuid[], $2::uuid[]) as e (distributor_id, message_id)
         where a.distributor_id = e.distributor_id and a.message_id = e.message_id
        """,
        [each.distributor_id for each in old],
        [each.message_id for each in old],
    )


async def delete_messages(tx: Transaction, old: Sequence[Old]) -> int:
    """Forget messages, with what they said before they were changed and what their providers call them. Returns how many there were."""
    deleted = await tx.execute(
        """
        delete from messages m using unnest($1::uuid[], $2::uuid[]) as e (distributor_id, message_id)
         where m.distributor_id = e.distributor_id and m.id = e.message_id
        """,
        [each.distributor_id for each in old],
        [each.message_id for each in old],
    )
    return int(deleted.rpartition(" ")[2])


async def delete_empty_conversations(tx: Transaction, old: Sequence[Old]) -> None:
    """Forget those of the messages' conversations in which nothing is left and that no other was merged into. One in use is left for later."""
    await tx.execute(
        """
        with given as (
            select distinct * from unnest($1::uuid[], $2::uuid[]) as e (distributor_id, id)
        ),
        empty as (
            select c.distributor_id, c.id
              from conversations c
              join given g on g.distributor_id = c.distributor_id and g.id = c.id
             where not exists (select from messages m where m.distributor_id = c.distributor_id and m.conversation_id = c.id)
               and not exists (select from conversations o where o.distributor_id = c.distributor_id and o.merged_into = c.id)
               for update of c skip locked
        )
        delete from conversations c using empty e
         where c.distributor_id = e.distributor_id and c.id = e.id
           and not exists (select from messages m where m.distributor_id = c.distributor_id and m.conversation_id = c.id)
        """,
        [each.distributor_id for each in old],
        [each.conversation_id for each in old],
    )


async def delete_unnamed(tx: Transaction, distributor_ids: Sequence[UUID], days: int, limit: int) -> int:
    """Forget the statuses of at most `limit` messages that nobody has named for so many days. Returns how many there were."""
    deleted = await tx.execute(
        """
        delete from external_message_mappings x
         using (
            select o.distributor_id, o.integration_id, o.direction, o.external_id
              from unnest($1::uuid[]) as t (distributor_id)
             cross join lateral (
                    select m.* from external_message_mappings m
                     where m.distributor_id = t.distributor_id and m.message_id is null and m.created_at < now() - make_interval(days => $2)
                     limit $3) o
             limit $3
         ) old
         where (x.distributor_id, x.integration_id, x.direction, x.external_id)
             = (old.distributor_id, old.integration_id, old.direction, old.external_id)
           and x.message_id is null
        """,
        distributor_ids,
        days,
        limit,
    )
    return int(deleted.rpartition(" ")[2])
