"""What became of a file, written down with its message and told."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import structlog

from libs import outbox
from libs.postgres import Transaction
from libs.storage import Storage
from schemas.event import Envelope, Event
from schemas.message_file_stored import FileKind, MessageFileStored
from schemas.message_text_extracted import MessageTextExtracted
from services.message_store import media_store
from services.message_store.media.domain import Claimed, Failed, Kind, Outcome, RetryLater, Stored
from services.message_store.media.fetch import key_left

log = structlog.get_logger()


async def record(tx: Transaction, claimed: Claimed, outcome: Outcome) -> bool:
    """Write an outcome, and tell what the file says. Returns False where a stored file is not wanted any more: its message is gone."""
    match outcome:
        case Stored():
            if await media_store.update_stored(tx, claimed, outcome):
                await _tell(tx, claimed, outcome)
                return True
            there = await media_store.select_file(tx, claimed.distributor_id, claimed.id)
            return there is not None
        case Failed(error_code):
            if await media_store.update_failed(tx, claimed, outcome):
                await _summarize(tx, claimed, state="FAILED", error_code=error_code)
        case RetryLater():
            await media_store.update_to_retry(tx, claimed, outcome)
    return True


async def _tell(tx: Transaction, claimed: Claimed, stored: Stored) -> None:
    await _summarize(tx, claimed, state="STORED", kind=stored.kind, mime_type=stored.mime_type, size_bytes=stored.size_bytes, sha256=stored.sha256)
    if not stored.reading.text and stored.kind not in (Kind.IMAGE, Kind.AUDIO):
        return
    circumstances = await media_store.select_circumstances(tx, claimed.distributor_id, claimed.message_id)
    if stored.reading.text:
        await outbox.enqueue(tx, _extracted(claimed, stored, stored.reading.text, circumstances))
    elif circumstances:
        await outbox.enqueue(tx, _stored(claimed, stored, circumstances))


async def _summarize(tx: Transaction, claimed: Claimed, **summary: object) -> None:
    summary["id"] = claimed.id
    await media_store.update_summary(tx, claimed.distributor_id, claimed.message_id, claimed.place, summary)


def _extracted(claimed: Claimed, stored: Stored, text: str, circumstances: Mapping[str, Any]) -> Event:
    event = MessageTextExtracted(
        distributor_id=claimed.distributor_id,
        occurred_at=datetime.now(UTC),
        conversation_id=claimed.conversation_id,
        message_id=claimed.message_id,
        attachment_id=claimed.id,
        text=text,
        truncated=stored.reading.truncated,
        filename=claimed.filename,
        mime_type=stored.mime_type,
        **circumstances,
    )
    return _because_of_message(event, claimed)


def _stored(claimed: Claimed, stored: Stored, circumstances: Mapping[str, Any]) -> Event:
    event = MessageFileStored(
        distributor_id=claimed.distributor_id,
        occurred_at=datetime.now(UTC),
        conversation_id=claimed.conversation_id,
        message_id=claimed.message_id,
        attachment_id=claimed.id,
        kind=FileKind(stored.kind),
        storage_key=stored.storage_key,
        mime_type=stored.mime_type,
        size_bytes=stored.size_bytes,
        **circumstances,
    )
    return _because_of_message(event, claimed)


def _because_of_message(event: Event, claimed: Claimed) -> Event:
    """Name the event that led to this one, of which only the ids are left."""
    cause = Envelope(id=claimed.event_id, source="message_store", correlation_id=claimed.correlation_id)
    return event.because_of(event.model_copy().arrived_in(cause))


async def forget_leftovers(storage: Storage, claimed: Claimed, outcome: Outcome, *, wanted: bool) -> None:
    """Delete what is not needed any more: our copy of a file that nobody wants, and the one that was left for us to fetch."""
    if isinstance(outcome, RetryLater):
        return
    unneeded = [key_left(claimed), outcome.storage_key if isinstance(outcome, Stored) and not wanted else None]
    try:
        for key in filter(None, unneeded):
            await storage.delete(key)
    except OSError as error:
        log.warning("file_left_over", attachment_id=str(claimed.id), error=type(error).__name__)
