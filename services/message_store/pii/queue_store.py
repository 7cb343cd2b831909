"""Which texts are to be scanned, and what they say afterwards. One statement a function."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from libs import postgres
from libs.postgres import Connection, Transaction
from services.message_store.pii.domain import Field, Place, Text

Queued = tuple[UUID, UUID]
"""A tenant, and a row of its queue."""
Message = tuple[UUID, UUID]
"""A tenant, and a message."""


async def select_due(worker: Connection, waited: timedelta, rows: int, messages: int) -> list[Queued]:
    """Return the oldest rows of the queue, of all tenants, that have waited so long: at most `rows`, the last of them reaching `messages`."""
    found = await worker.fetch(
        """
        select distributor_id, id
          from (select distributor_id, id, sum(cardinality(message_ids)) over (order by id) - cardinality(message_ids) as before
                  from (select distributor_id, id, message_ids from pii_scans where created_at <= now() - $1::interval order by id limit $2)
                    as oldest) as counted
         where before < $3
        """,
        waited,
        rows,
        messages,
    )
    return [(row["distributor_id"], row["id"]) for row in found]


async def delete_queued(tx: Transaction, queued: Collection[Queued]) -> set[Message]:
    """Take rows out of the queue, but for those that another process has in hand. Returns their messages."""
    rows = await tx.fetch(
        """
        with due as (
            select q.distributor_id, q.id from pii_scans q
              join unnest($1::uuid[], $2::uuid[]) as e (distributor_id, id) using (distributor_id, id)
               for update of q skip locked
        )
        delete from pii_scans q using due where q.distributor_id = due.distributor_id and q.id = due.id
        returning q.distributor_id, q.message_ids
        """,
        [distributor_id for distributor_id, _ in queued],
        [row_id for _, row_id in queued],
    )
    return {(row["distributor_id"], message_id) for row in rows for message_id in row["message_ids"]}


async def select_texts(tx: Transaction, messages: Collection[Message]) -> list[Text]:
    """Return all texts of messages but empty ones: their own, of their attachments, and what they said before."""
    rows = await tx.fetch(
        """
        select m.distributor_id, m.id as message_id, m.conversation_id, m.language, t.field_name, t.source_id, t.text
          from unnest($1::uuid[], $2::uuid[]) as e (distributor_id, id)
          join messages m on (m.distributor_id, m.id) = (e.distributor_id, e.id)
         cross join lateral (
                select 'content', null::uuid, m.content
                 union all select 'subject', null, m.parts ->> 'subject'
                 union all select 'transcript', null, m.transcript
                 union all
                select 'extracted_text', a.id, a.extracted_text
                  from message_attachments a
                 where (a.distributor_id, a.message_id) = (m.distributor_id, m.id) and m.attachments <> '[]'
                 union all
                select 'revision', r.id, r.content
                  from message_revisions r
                 where (r.distributor_id, r.message_id) = (m.distributor_id, m.id)
                   and (m.edited_at is not null or m.revoked_at is not null) and r.content is distinct from m.content
               ) as t (field_name, source_id, text)
         where t.text <> ''
        """,
        [distributor_id for distributor_id, _ in messages],
        [message_id for _, message_id in messages],
    )
    return [
        Text(
            distributor_id=row["distributor_id"],
            message_id=row["message_id"],
            conversation_id=row["conversation_id"],
            language=row["language"],
            field_name=Field(row["field_name"]),
            source_id=row["source_id"],
            text=row["text"],
        )
        for row in rows
    ]


async def update_texts(tx: Transaction, changes: Sequence[Mapping[str, Any]]) -> set[Place]:
    """Let texts say `after` where they still say `before`; each field of a message in its own row. Returns those that did.

    What a message said before is changed where it says the same as the message.
    """
    rows = await tx.fetch(
        """
        with given as materialized (
            select * from json_to_recordset($1::json) as e (
                distributor_id uuid, message_id uuid, field_name text, source_id uuid, before text, after text)
        ),
        pivoted as (
            select distributor_id, message_id,
                   max(before) filter (where field_name = 'content') as content_before, max(after) filter (where field_name = 'content') as content,
                   max(before) filter (where field_name = 'subject') as subject_before, max(after) filter (where field_name = 'subject') as subject,
                   max(before) filter (where field_name = 'transcript') as transcript_before,
                   max(after) filter (where field_name = 'transcript') as transcript
              from given
             where field_name in ('content', 'subject', 'transcript')
             group by 1, 2
        ),
        locked as (
            select m.distributor_id, m.id, p.content, p.subject, p.transcript
              from messages m
              join pivoted p on (p.distributor_id, p.message_id) = (m.distributor_id, m.id)
             where (p.content_before is null or m.content = p.content_before)
               and (p.subject_before is null or m.parts ->> 'subject' = p.subject_before)
               and (p.transcript_before is null or m.transcript = p.transcript_before)
             order by m.distributor_id, m.id
               for no key update of m
        ),
        messages_changed as (
            update messages m
               set content = coalesce(l.content, m.content), transcript = coalesce(l.transcript, m.transcript),
                   parts = case when l.subject is null then m.parts else jsonb_set(m.parts, '{subject}', to_jsonb(l.subject)) end
              from locked l
             where (m.distributor_id, m.id) = (l.distributor_id, l.id)
            returning m.distributor_id, m.id
        ),
        attachments_changed as (
            update message_attachments a set extracted_text = g.after
              from given g
             where g.field_name = 'extracted_text' and (a.distributor_id, a.id) = (g.distributor_id, g.source_id) and a.extracted_text = g.before
            returning a.distributor_id, a.id
        ),
        revisions_changed as (
            update message_revisions r set content = g.after
              from given g
             where g.field_name in ('content', 'revision') and (r.distributor_id, r.message_id) = (g.distributor_id, g.message_id)
               and (g.source_id is null or r.id = g.source_id) and r.content = g.before
            returning r.distributor_id, r.id
        )
        select g.distributor_id, g.message_id, g.field_name, g.source_id
          from given g
         where (g.source_id is null and exists (
                    select from messages_changed c where (c.distributor_id, c.id) = (g.distributor_id, g.message_id)))
            or exists (select from attachments_changed c where (c.distributor_id, c.id) = (g.distributor_id, g.source_id))
            or exists (select from revisions_changed c where (c.distributor_id, c.id) = (g.distributor_id, g.source_id))
        """,
        postgres.to_json_text(changes),
    )
    return {(row["distributor_id"], row["message_id"], Field(row["field_name"]), row["source_id"]) for row in rows}
