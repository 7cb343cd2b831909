"""The files of messages, for staff: what is known of one, and a link that soon expires."""

from collections.abc import AsyncGenerator
from dataclasses import asdict
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from libs import postgres, storage
from libs.refused import NotFound
from libs.service import Service
from libs.storage import FileMissing
from services.message_store import media_store
from services.message_store.media import links
from services.message_store.media_store import StoredFile
from services.message_store.message import AttachmentSummary
from services.message_store.parameters import Operator, This
from services.message_store.settings import MessageStoreSettings

router = APIRouter(prefix="/v1/attachments", tags=["attachments"])

SAFE = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox", "Cache-Control": "private, no-store"}


class File(AttachmentSummary):
    """A file of a message. `url` leads to its content until `expires_at`, without a token; null while there is none to be had."""

    message_id: UUID
    sha256: str | None
    extracted_text: str | None = Field(description="What a sheet, a PDF or a text says")
    url: str | None
    expires_at: datetime | None


@router.get("/{attachment_id}")
async def get_attachment(caller: Operator, this: This, attachment_id: UUID) -> File:
    """A file of a message, with a link to its content that soon expires."""
    found = await _find(this, caller.distributor_id, attachment_id)
    expires_at = datetime.now(UTC).replace(microsecond=0) + links.LIFETIME
    url = await _link(this, caller.distributor_id, found, expires_at)
    return File.model_validate(asdict(found) | {"url": url, "expires_at": expires_at if url else None})


@router.get(
    "/{attachment_id}/content",
    response_class=StreamingResponse,
    responses={HTTPStatus.OK: {"description": "The file, to be saved", "content": {"*/*": {}}}},
)
async def get_content(
    this: This,
    attachment_id: UUID,
    distributor_id: UUID,
    expires: Annotated[int, Query(ge=0, le=2**40)],
    signature: Annotated[str, Query(max_length=64)],
) -> StreamingResponse:
    """The content of a file, for whoever has a link that we signed."""
    links.check(this.settings.master_key, distributor_id, attachment_id, expires, signature, datetime.now(UTC))
    found = await _find(this, distributor_id, attachment_id)
    pieces = _pieces(this, found)
    try:
        first = await anext(pieces)
    except (FileMissing, StopAsyncIteration):
        raise NotFound(f"attachment {attachment_id} is not in the storage") from None

    async def content() -> AsyncGenerator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    headers = {**SAFE, "Content-Disposition": links.disposition(found.filename, found.id), "Content-Length": str(found.size_bytes)}
    return StreamingResponse(content(), media_type=found.mime_type, headers=headers)


async def _find(this: Service, distributor_id: UUID, attachment_id: UUID) -> StoredFile:
    async with postgres.tenant_transaction(this.pool, [distributor_id]) as tx:
        found = await media_store.select_file(tx, distributor_id, attachment_id)
    if found is None:
        raise NotFound(f"there is no attachment {attachment_id}")
    return found


async def _link(this: Service, distributor_id: UUID, found: StoredFile, expires_at: datetime) -> str | None:
    """Return the storage's own link where it has such, or else one to this service."""
    if found.storage_key is None or found.mime_type is None:
        return None
    settings = this.settings
    assert isinstance(settings, MessageStoreSettings)
    async with storage.opened(settings) as kept:
        link = await kept.link(found.storage_key, found.mime_type, links.disposition(found.filename, found.id), links.LIFETIME)
    return link or links.path(settings.master_key, distributor_id, found.id, expires_at)


async def _pieces(this: Service, found: StoredFile) -> AsyncGenerator[bytes]:
    settings = this.settings
    assert isinstance(settings, MessageStoreSettings)
    if found.storage_key is not None:
        async with storage.opened(settings) as kept:
            async for piece in kept.get(found.storage_key):
                yield piece
