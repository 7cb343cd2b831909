"""The files of messages, and our copy of the integrations they are fetched with. One statement a function."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from libs import postgres
from libs.postgres import Connection, Transaction
from schemas.integration_changed import IntegrationChanged, Provider
from services.message_store.media.domain import Claimed, Failed, RetryLater, Stored


@dataclass(frozen=True, slots=True)
class Integration:
    """What files are fetched with; the credentials are sealed."""

    provider: Provider
    sealed_credentials: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file as staff see it; `storage_key` is null until it is stored."""

    id: UUID
    message_id: UUID
    state: str
    kind: str
    filename: str | None
    mime_type: str | None
    size_bytes: int | None
    sha256: str | None
    storage_key: str | None
    extracted_text: str | None
    error_code: str | None


async def upsert_integration(tx: Transaction, event: IntegrationChanged) -> None:
    """Keep the newest word on an integration."""
    await tx.execute(
        """
        insert into integrations as i (distributor_id, id, provider, sealed_credentials, as_of) values ($1, $2, $3, $4, $5)
            on conflict (distributor_id, id) do update
           set provider = excluded.provider, sealed_credentials = excluded.sealed_credentials, as_of = excluded.as_of
         where i.as_of <= excluded.as_of
        """,
        event.distributor_id,
        event.integration_id,
        event.provider,
        None if event.deleted else event.sealed_credentials,
        event.occurred_at,
    )


async def select_integrations(connection: Connection, claimed: Sequence[Claimed]) -> dict[UUID, Integration]:
    """Return what files are fetched with, by the file's id; those whose integration we were not told of are left out."""
    rows = await connection.fetch(
        """
        select e.id, i.provider, i.sealed_credentials
          from integrations i
          join unnest($1::uuid[], $2::uuid[], $3::uuid[]) as e (distributor_id, integration_id, id)
            on (i.distributor_id, i.id) = (e.distributor_id, e.integration_id)
        """,
        [each.distributor_id for each in claimed],
        [each.integration_id for each in claimed],
        [each.id for each in claimed],
    )
    return {row["id"]: Integration(Provider(row["provider"]), row["sealed_credentials"]) for row in rows}


async def select_circumstances(tx: Transaction, distributor_id: UUID, message_id: UUID) -> dict[str, Any]:
    """Return what is told of a file's message with its text: its place, its channel, whose it is and when it was sent."""
    row = await tx.fetchrow(
        """
        select m.thread_position, c.channel, c.customer_id, m.sender_contact_id as contact_id, m.sent_at
          from messages m
          join conversations c on (c.distributor_id, c.id) = (m.distributor_id, m.conversation_id)
         where m.distributor_id = $1 and m.id = $2
        """,
        distributor_id,
        message_id,
    )
    return dict(row) if row else {}


async def insert_attachments(tx: Transaction, attachments: Sequence[Mapping[str, Any]]) -> None:
    """Queue files of any of the transaction's tenants; those that are there already stay as they are."""
    await tx.execute(
        """
        insert into message_attachments (distributor_id, message_id, conversation_id, place, kind, integration_id, channel,
                                         external_id, url, filename, mime_type, sha256, event_id, correlation_id)
        select * from json_to_recordset($1::json) as e (
            distributor_id uuid, message_id uuid, conversation_id uuid, place int, kind text, integration_id uuid, channel text,
            external_id text, url text, filename text, mime_type text, sha256 text, event_id uuid, correlation_id uuid)
            on conflict (distributor_id, message_id, place) do nothing
        """,
        postgres.to_json_text(attachments),
    )


async def claim_due(worker: Connection, limit: int, lease: timedelta) -> list[Claimed]:
    """Claim at most `limit` files of all tenants for as long as `lease`, those first that have waited longest."""
    rows = await worker.fetch(
        """
        with due as (
            select distributor_id, id from message_attachments
             where state = 'PENDING' and run_after <= now() and locked_until <= now()
             order by run_after
             limit $1
               for update skip locked
        )
        update message_attachments a
           set locked_until = now() + $2, attempt = a.attempt + 1
          from due
         where a.distributor_id = due.distributor_id and a.id = due.id
        returning a.distributor_id, a.id, a.message_id, a.conversation_id, a.place, a.integration_id, a.channel, a.external_id, a.url, a.filename,
                  a.mime_type, a.sha256, a.attempt, a.event_id, a.correlation_id
        """,
        limit,
        lease,
    )
    return [Claimed(**row) for row in rows]


async def update_stored(tx: Transaction, claimed: Claimed, stored: Stored) -> bool:
    """Record that a file is stored. Returns False where that is no news, or the file is not wanted any more."""
    return bool(
        await tx.fetchval(
            """
            update message_attachments
               set state = 'STORED', storage_key = $3, kind = $4, mime_type = $5, size_bytes = $6, sha256 = $7, extracted_text = $8, error_code = $9
             where distributor_id = $1 and id = $2 and state = 'PENDING'
            returning true
            """,
            claimed.distributor_id,
            claimed.id,
            stored.storage_key,
            stored.kind,
            stored.mime_type,
            stored.size_bytes,
            stored.sha256,
            stored.reading.text,
            stored.reading.error_code,
        )
    )


async def update_failed(tx: Transaction, claimed: Claimed, failed: Failed) -> bool:
    """Record that a file will not be fetched any more, unless another attempt has begun since. Returns whether that is news."""
    return bool(
        await tx.fetchval(
            """
            update message_attachments set state = 'FAILED', error_code = $4
             where distributor_id = $1 and id = $2 and attempt = $3 and state = 'PENDING'
            returning true
            """,
            claimed.distributor_id,
            claimed.id,
            claimed.attempt,
            failed.error_code,
        )
    )


async def update_to_retry(tx: Transaction, claimed: Claimed, later: RetryLater) -> None:
    """Give a file back to the queue, unless another attempt has begun since."""
    await tx.execute(
        """
        update message_attachments set run_after = now() + $4, locked_until = '-infinity', error_code = $5, attempt = $6
         where distributor_id = $1 and id = $2 and attempt = $3 and state = 'PENDING'
        """,
        claimed.distributor_id,
        claimed.id,
        claimed.attempt,
        later.pause,
        later.error_code,
        claimed.attempt if later.counts else claimed.attempt - 1,
    )


async def update_summary(tx: Transaction, distributor_id: UUID, message_id: UUID, place: int, summary: Mapping[str, Any]) -> None:
    """Note with the message what became of its file number `place`; a message that holds none there stays as it is."""
    await tx.execute(
        """
        update messages set attachments = jsonb_set(attachments, array[$3::int::text], attachments -> $3::int || $4)
         where distributor_id = $1 and id = $2 and jsonb_typeof(attachments -> $3::int) = 'object'
        """,
        distributor_id,
        message_id,
        place,
        summary,
    )


async def select_file(connection: Connection, distributor_id: UUID, attachment_id: UUID) -> StoredFile | None:
    """Return a file, wherever it is on its way."""
    row = await connection.fetchrow(
        """
        select id, message_id, state, kind, filename, mime_type, size_bytes, sha256, storage_key, extracted_text, error_code
          from message_attachments
         where distributor_id = $1 and id = $2
        """,
        distributor_id,
        attachment_id,
    )
    return StoredFile(**row) if row else None
