"""The files of messages, for staff: what is known of one, and a link that soon expires."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from libs import auth, postgres, service, storage
from libs.auth import Caller, Role
from libs.refused import NotFound
from libs.service import Service
from libs.storage import FileMissing
from services.message_store import media_store
from services.message_store.media import links
from services.message_store.media_store import StoredFile
from services.message_store.settings import MessageStoreSettings

router = APIRouter(prefix="/v1/attachments", tags=["attachments"])

Operator = Annotated[Caller, auth.require(Role.OPERATOR)]
This = Annotated[Service, Depends(service.of)]
SAFE = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox", "Cache-Control": "private, no-store"}


@router.get("/{attachment_id}")
async def get_attachment(caller: Operator, this: This, attachment_id: UUID) -> dict[str, Any]:
    """A file of a message. `url` leads to its content until `expires_at`, without a token; null while there is none to be had."""
    found = await _find(this, caller.distributor_id, attachment_id)
    expires_at = datetime.now(UTC).replace(microsecond=0) + links.LIFETIME
    url = await _link(this, caller.distributor_id, found, expires_at)
    return {
        "id": found.id,
        "message_id": found.message_id,
        "state": found.state,
        "kind": found.kind,
        "filename": found.filename,
        "mime_type": found.mime_type,
        "size_bytes": found.size_bytes,
        "sha256": found.sha256,
        "extracted_text": found.extracted_text,
        "error_code": found.error_code,
        "url": url,
        "expires_at": expires_at if url else None,
    }


@router.get("/{attachment_id}/content")
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
