"""What is kept for a while only: messages with their files for as long as their tenant wants, and what came too early or of nothing we know."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from libs import postgres, retention, storage
from libs.postgres import Connection
from libs.retention import PAGES, ROWS, Sweep
from libs.storage import Storage
from services.message_store import old_store
from services.message_store.media.fetch import key_left_at
from services.message_store.old_store import SHORTEST_DAYS, Old
from services.message_store.settings import MessageStoreSettings

MESSAGES_AT_ONCE = 200
"""A message may have 50 files."""


def keeps(settings: MessageStoreSettings) -> list[Sweep]:
    """Return the sweeps."""

    async def messages(connection: Connection) -> AsyncGenerator[int]:
        async with postgres.as_worker(connection):
            periods = await old_store.select_periods(connection)
        if not periods:
            return
        async with storage.opened(settings) as kept:
            first, end = 0, await retention.select_pages(connection, "messages")
            while first < end:
                found, deleted = await delete_some(connection, kept, periods, first)
                yield deleted
                if found < MESSAGES_AT_ONCE:
                    first += PAGES

    return [
        retention.rows("early_amendments", timedelta(days=SHORTEST_DAYS)),
        Sweep("external_message_mappings", unnamed),
        Sweep("messages", messages),
    ]


async def unnamed(connection: Connection) -> AsyncGenerator[int]:
    """Forget statuses of messages that nobody has named since."""
    async with postgres.as_worker(connection):
        tenants = await old_store.select_tenants(connection)
    deleted = ROWS
    while deleted == ROWS:
        async with postgres.as_tenants(connection, tenants):
            deleted = await old_store.delete_unnamed(connection, tenants, SHORTEST_DAYS, ROWS)
        yield deleted


async def delete_some(connection: Connection, kept: Storage, periods: Mapping[UUID, int], first_page: int) -> tuple[int, int]:
    """Delete messages on some pages: their files first, outside any transaction, so that what is cut short is found again.

    Returns how many messages are old enough, and how many went.
    """
    async with postgres.as_tenants(connection, periods):
        old = await old_store.select_old(connection, periods, first_page, PAGES, MESSAGES_AT_ONCE)
        files = await old_store.select_files(connection, old) if old else []
    if not old:
        return 0, 0
    for key in _keys(files):
        await kept.delete(key)
    async with postgres.as_tenants(connection, periods):
        return len(old), await _forget(connection, old)


async def _forget(tx: Connection, old: Sequence[Old]) -> int:
    await old_store.delete_attachments(tx, old)
    deleted = await old_store.delete_messages(tx, old)
    await old_store.delete_empty_conversations(tx, old)
    return deleted


def _keys(files: Sequence[tuple[UUID, str | None, str | None]]) -> list[str]:
    """Return what is to be deleted from our storage: what we keep there, and what was left there for us to fetch."""
    kept = [key for _, key, _ in files if key]
    return kept + [left for distributor_id, _, url in files if (left := key_left_at(distributor_id, url))]
