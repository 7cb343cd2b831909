"""One file, from where it is kept now into our storage, and what it says."""

import asyncio
import re
import tempfile
from base64 import b64decode
from dataclasses import dataclass
from typing import BinaryIO
from uuid import UUID

from libs import storage
from libs.storage import FileMissing, Storage
from schemas.attachment import LEFT_IN_STORAGE, LEFT_UNDER
from services.message_store.media import download, formats, sources, text
from services.message_store.media.domain import Claimed, NotFetched, Stored
from services.message_store.media.download import Received
from services.message_store.media.sources import Asking
from services.message_store.media_store import Integration

HEXADECIMAL = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Fetcher:
    """What files are fetched with, for as long as a job runs."""

    asking: Asking
    storage: Storage
    reading_turns: asyncio.Semaphore


async def fetch(fetcher: Fetcher, claimed: Claimed, integration: Integration | None) -> Stored:
    """Fetch a file, check, store and read it; however often, it lands in the same place. Raises NotFetched, and OSError where we cannot keep it."""
    with tempfile.TemporaryFile() as file:
        received = await _receive(fetcher, claimed, integration, file)
        found = formats.recognize(file, claimed.mime_type or received.mime_type, claimed.filename)
        key = storage.key_of(claimed.distributor_id, "attachments", str(claimed.id))
        await fetcher.storage.put(key, file, found.mime_type)
        reading = await text.read(file, found.reader, fetcher.reading_turns)
    return Stored(
        storage_key=key, kind=found.kind, mime_type=found.mime_type, size_bytes=received.size_bytes, sha256=received.sha256, reading=reading
    )


def key_left(claimed: Claimed) -> str | None:
    """Return the key under which the file was left for us in our storage; null where it was not, or where that is not for this tenant to say."""
    return key_left_at(claimed.distributor_id, claimed.url)


def key_left_at(distributor_id: UUID, url: str | None) -> str | None:
    """Return the key that an address names of a file that was left for us; null as with `key_left`."""
    if url is None or not url.startswith(LEFT_IN_STORAGE):
        return None
    key = url.removeprefix(LEFT_IN_STORAGE)
    ours = storage.belongs_to(key, distributor_id) and key.startswith(f"{distributor_id}/{LEFT_UNDER}/")
    return key if ours else None


def _is_left(claimed: Claimed) -> bool:
    return claimed.url is not None and claimed.url.startswith(LEFT_IN_STORAGE)


async def _receive(fetcher: Fetcher, claimed: Claimed, integration: Integration | None, into: BinaryIO) -> Received:
    settings, expected = fetcher.asking.settings, claimed.sha256
    if _is_left(claimed):
        if (key := key_left(claimed)) is None:
            raise NotFetched("URL_NOT_ALLOWED", for_ever=True)
        try:
            received = await download.keep(fetcher.storage.get(key), into, settings.media_max_bytes, None)
        except FileMissing:
            raise NotFetched("NOT_IN_STORAGE") from None
    else:
        source = await sources.locate(fetcher.asking, claimed, integration)
        received = await download.download(fetcher.asking.session, source, into, settings.media_max_bytes, allow_http=settings.media_allow_loopback)
        expected = expected or source.sha256
    if expected and hexadecimal(expected) != received.sha256:
        raise NotFetched("HASH_MISMATCH")
    return received


def hexadecimal(sha256: str) -> str | None:
    """Return a hash, given in hexadecimal digits or in Base64, in hexadecimal digits; null where it is neither."""
    if HEXADECIMAL.fullmatch(sha256.lower()):
        return sha256.lower()
    try:
        return b64decode(sha256.rstrip("=") + "=", altchars=b"-_" if set(sha256) & set("-_") else None, validate=True).hex()
    except ValueError:
        return None
