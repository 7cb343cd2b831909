"""Files that came with a message are left in our storage: message_store takes them over from there, and deletes what was left."""

import asyncio
import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import uuid5

from libs import postgres, storage
from libs.channels.inbound import Inbound, Incoming
from libs.service import Service
from libs.storage import Storage
from schemas.attachment import LEFT_IN_STORAGE, LEFT_UNDER
from services.ingest import store
from services.ingest.settings import IngestSettings
from services.ingest.store import Route

LEFT_WITHIN_SECONDS = 15.0


async def leave_files(service: Service, route: Route, incoming: Sequence[Incoming]) -> list[Incoming]:
    """Return `incoming` with addresses in place of files. However often a message comes, its files land under the same keys.

    A message that was taken in before leaves nothing once more. Raises StorageAway, OSError or TimeoutError: then the provider has to send it again.
    """
    with_files = [each.external_message_id for each in incoming if isinstance(each, Inbound) and each.files]
    if not with_files:
        return list(incoming)
    settings = service.settings
    assert isinstance(settings, IngestSettings)
    async with asyncio.timeout(settings.answer_within_seconds), postgres.tenant_transaction(service.pool, [route.distributor_id]) as tx:
        taken_in = await store.select_taken_in(tx, route.distributor_id, route.integration_id, with_files)
    async with asyncio.timeout(LEFT_WITHIN_SECONDS), storage.opened(settings) as kept:
        return [await _left(kept, route, each, taken_in) if isinstance(each, Inbound) and each.files else each for each in incoming]


async def _left(kept: Storage, route: Route, message: Inbound, taken_in: Iterable[str]) -> Inbound:
    if message.external_message_id in taken_in:
        return replace(message, files=())
    folder = str(uuid5(route.integration_id, message.external_message_id))
    attachments = list(message.attachments)
    for place, (attachment, content) in enumerate(zip(message.attachments, message.files, strict=True)):
        key = storage.key_of(route.distributor_id, LEFT_UNDER, folder, str(place))
        await kept.put(key, io.BytesIO(content), attachment.mime_type or "application/octet-stream")
        attachments[place] = attachment.model_copy(update={"url": LEFT_IN_STORAGE + key})
    return replace(message, attachments=tuple(attachments), files=())
