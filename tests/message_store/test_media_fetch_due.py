"""Files are fetched from a real provider, stored, read and told of: once, whatever happens meanwhile."""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from aiohttp import web
from pydantic_core import from_json

from libs import postgres, storage
from libs.postgres import Pool
from libs.storage import key_of
from schemas.attachment import Attachment
from schemas.integration_changed import Provider
from schemas.message_file_stored import MessageFileStored
from schemas.message_text_extracted import MessageTextExtracted
from services.message_store import media_store
from services.message_store.__main__ import CONSUMES
from services.message_store.media.fetch_due import fetch_due
from tests.conftest import NewPool
from tests.consuming import consume, said
from tests.message_store.media import (
    ORDER,
    TOKEN,
    XLSX,
    Files,
    integration,
    make_due,
    message_with,
    pdf,
    rows,
    service_on,
    settings,
    sheet,
    whatsapp,
)

MILK_AND_EGGS = (("3", "cs", "Whole Milk"), ("2", "doz", "Eggs"))


@pytest_asyncio.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A fresh database of message_store."""
    return await new_pool("message_store")


@pytest_asyncio.fixture
async def provider() -> AsyncIterator[Files]:
    """The provider, running."""
    async with Files() as running:
        yield running


async def content_of(folder: Path, key: str) -> bytes:
    async with storage.opened(settings(folder)) as kept:
        return b"".join([piece async for piece in kept.get(key)])


async def only(pool: Pool, tenant: UUID) -> dict[str, Any]:
    [row] = await rows(pool, tenant)
    return row


async def test_an_order_in_a_workbook_is_stored_and_its_text_told(pool: Pool, provider: Files, folder: Path) -> None:
    tenant, content = uuid4(), sheet(*MILK_AND_EGGS)
    provider.files["order.xlsx"] = content
    message = await message_with(pool, tenant, whatsapp())

    assert await fetch_due(service_on(pool, settings(folder, provider.url))) == 1

    row = await only(pool, tenant)
    assert (row["state"], row["kind"], row["mime_type"], row["size_bytes"]) == ("STORED", "DOCUMENT", XLSX, len(content))
    assert (row["sha256"], row["extracted_text"], row["error_code"]) == (hashlib.sha256(content).hexdigest(), ORDER, None)
    assert row["storage_key"] == key_of(tenant, "attachments", str(row["id"]))
    assert await content_of(folder, row["storage_key"]) == content
    [told] = await said(pool, tenant, MessageTextExtracted)
    assert (told.message_id, told.conversation_id, told.attachment_id) == (message.message_id, message.conversation_id, row["id"])
    assert (told.text, told.truncated, told.filename, told.mime_type) == (ORDER, False, "order.xlsx", XLSX)
    assert provider.asked == [("/order.xlsx", f"Bearer {TOKEN}"), ("/files/order.xlsx", f"Bearer {TOKEN}")]
    assert await fetch_due(service_on(pool, settings(folder, provider.url))) == 0


async def test_the_message_shows_what_became_of_each_of_its_files(pool: Pool, provider: Files, folder: Path) -> None:
    tenant = uuid4()
    provider.files |= {"order.pdf": pdf(MILK_AND_EGGS), "virus.exe": b"MZ\x00\x01"}
    message = await message_with(pool, tenant, whatsapp("order.pdf", "application/pdf"), whatsapp("virus.exe", None))

    await fetch_due(service_on(pool, settings(folder, provider.url)))

    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        [good, bad] = await tx.fetchval("select attachments from messages where id = $1", message.message_id)
        cause = from_json(await tx.fetchval("select headers from outbox where type = 'message.text_extracted'"))
        first = await tx.fetchval("select headers from outbox where type = 'message.created'")
    assert (good["state"], good["size_bytes"], good["filename"]) == ("STORED", len(pdf(MILK_AND_EGGS)), "order.pdf")
    assert good["sha256"] == hashlib.sha256(pdf(MILK_AND_EGGS)).hexdigest()
    assert (bad["state"], bad["error_code"]) == ("FAILED", "TYPE_NOT_ALLOWED")
    assert [good["id"], bad["id"]] == [str(row["id"]) for row in await rows(pool, tenant)]
    assert cause["ce_correlationid"] == from_json(first)["ce_correlationid"]
    [told] = await said(pool, tenant, MessageTextExtracted)
    assert told.text == ORDER


async def test_what_fails_is_tried_again_until_it_succeeds(pool: Pool, provider: Files, folder: Path) -> None:
    tenant = uuid4()
    await message_with(pool, tenant, whatsapp("a.txt", "text/plain"))
    service = service_on(pool, settings(folder, provider.url))
    assert await fetch_due(service) == 1
    assert await fetch_due(service) == 0, "it pauses"
    row = await only(pool, tenant)
    assert (row["state"], row["error_code"], row["attempt"]) == ("PENDING", "HTTP_404", 1)
    provider.files["a.txt"] = b"3 cs milk"
    await make_due(pool, tenant)
    assert await fetch_due(service) == 1
    row = await only(pool, tenant)
    assert (row["state"], row["error_code"], row["attempt"], row["extracted_text"]) == ("STORED", None, 2, "3 cs milk")


async def test_it_fails_after_the_sixth_attempt_and_says_so_once(pool: Pool, folder: Path) -> None:
    tenant = uuid4()
    message = await message_with(pool, tenant, whatsapp())
    for _ in range(8):
        await fetch_due(service_on(pool, settings(folder)))
        await make_due(pool, tenant)
    row = await only(pool, tenant)
    assert (row["state"], row["error_code"], row["attempt"]) == ("FAILED", "UNREACHABLE", 6)
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        [summary] = await tx.fetchval("select attachments from messages where id = $1", message.message_id)
    assert (summary["state"], summary["error_code"]) == ("FAILED", "UNREACHABLE")


async def test_a_file_that_ends_every_process_is_given_up(pool: Pool, provider: Files, folder: Path) -> None:
    tenant = uuid4()
    provider.files["order.xlsx"] = sheet(*MILK_AND_EGGS)
    await message_with(pool, tenant, whatsapp())
    for _ in range(6):
        async with postgres.worker_transaction(pool) as worker:
            await media_store.claim_due(worker, 10, timedelta(seconds=-1))
    await fetch_due(service_on(pool, settings(folder, provider.url)))
    assert (await only(pool, tenant))["error_code"] == "GAVE_UP"
    assert provider.asked == []


async def test_a_storage_that_is_away_is_waited_for_without_end(pool: Pool, provider: Files, folder: Path) -> None:
    tenant = uuid4()
    provider.files["a.txt"] = b"3 cs milk"
    await message_with(pool, tenant, whatsapp("a.txt", "text/plain"))
    away = settings(
        folder, provider.url, storage_bucket="b", storage_endpoint="http://127.0.0.1:1", storage_access_key_id="i", storage_secret_access_key="s"
    )
    await fetch_due(service_on(pool, away))
    row = await only(pool, tenant)
    assert (row["state"], row["error_code"], row["attempt"]) == ("PENDING", "STORAGE_AWAY", 0)
    await make_due(pool, tenant)
    await fetch_due(service_on(pool, settings(folder, provider.url)))
    assert (await only(pool, tenant))["state"] == "STORED"


async def test_a_file_whose_text_cannot_be_read_is_stored_all_the_same(pool: Pool, provider: Files, folder: Path) -> None:
    tenant = uuid4()
    provider.files["order.pdf"] = b"%PDF-1.4 and then nothing"
    await message_with(pool, tenant, whatsapp("order.pdf", "application/pdf"))
    await fetch_due(service_on(pool, settings(folder, provider.url)))
    row = await only(pool, tenant)
    assert (row["state"], row["extracted_text"], row["error_code"]) == ("STORED", None, "TEXT_NOT_READABLE")
    assert await said(pool, tenant, MessageTextExtracted) == []


async def test_a_file_that_was_left_in_our_storage_moves_to_its_message(pool: Pool, folder: Path) -> None:
    tenant, stranger = uuid4(), uuid4()
    left, theirs = key_of(tenant, "received", "1"), key_of(stranger, "received", "1")
    async with storage.opened(settings(folder)) as kept:
        for key in (left, theirs):
            await kept.put(key, io.BytesIO(b"3 cs milk"), "text/plain")
    await message_with(pool, tenant, *(Attachment(url=f"storage:{key}", mime_type="text/plain") for key in (left, theirs)))
    await fetch_due(service_on(pool, settings(folder)))
    mine, refused = await rows(pool, tenant)
    assert (mine["state"], refused["error_code"]) == ("STORED", "URL_NOT_ALLOWED")
    assert await content_of(folder, mine["storage_key"]) == await content_of(folder, theirs) == b"3 cs milk"
    with pytest.raises(storage.FileMissing):
        await content_of(folder, left)


async def test_a_file_without_any_source_fails_at_once(pool: Pool, folder: Path) -> None:
    tenant = uuid4()
    await consume(pool, "message_store", CONSUMES, integration(tenant, Provider.POSTMARK))
    await message_with(pool, tenant, Attachment(filename="order.pdf"))
    await fetch_due(service_on(pool, settings(folder)))
    assert (await only(pool, tenant))["error_code"] == "NO_SOURCE"


async def test_a_stopping_process_begins_no_file(pool: Pool, provider: Files, folder: Path) -> None:
    tenant = uuid4()
    await message_with(pool, tenant, whatsapp())
    service = service_on(pool, settings(folder, provider.url))
    service.stopping.set()
    assert await fetch_due(service) == 0
    assert (await only(pool, tenant))["attempt"] == 0


async def test_three_processes_fetch_each_file_once(pool: Pool, provider: Files, folder: Path) -> None:
    tenant = uuid4()
    for number in range(12):
        provider.files[f"{number}.txt"] = b"3 cs milk"
        await message_with(pool, tenant, whatsapp(f"{number}.txt", "text/plain"))
    counts = await asyncio.gather(*(fetch_due(service_on(pool, settings(folder, provider.url))) for _ in range(3)))
    assert sum(counts) == 12
    assert sorted(path for path, _ in provider.asked if path.startswith("/files/")) == sorted(f"/files/{number}.txt" for number in range(12))
    assert len(await said(pool, tenant, MessageTextExtracted)) == 12


async def test_a_process_that_dies_in_a_download_leaves_it_to_be_repeated(pool: Pool, provider: Files, folder: Path) -> None:
    tenant, reached = uuid4(), asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        reached.set()
        await asyncio.sleep(60)
        raise AssertionError("nobody waits")

    provider.files["a.txt"] = hang
    await message_with(pool, tenant, whatsapp("a.txt", "text/plain"))
    dying = asyncio.create_task(fetch_due(service_on(pool, settings(folder, provider.url))))
    await reached.wait()
    dying.cancel()
    await asyncio.wait([dying])
    provider.files["a.txt"] = b"3 cs milk"
    survivor = service_on(pool, settings(folder, provider.url))

    assert await fetch_due(survivor) == 0, "the lease has not ended"
    await make_due(pool, tenant)
    assert await fetch_due(survivor) == 1

    row = await only(pool, tenant)
    assert (row["state"], row["attempt"]) == ("STORED", 2)


async def test_a_picture_is_told_of_so_that_it_can_be_looked_at(pool: Pool, provider: Files, folder: Path) -> None:
    tenant = uuid4()
    png = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + bytes(13)
    provider.files["list.png"] = png
    message = await message_with(pool, tenant, whatsapp("list.png", "image/png"))

    await fetch_due(service_on(pool, settings(folder, provider.url)))

    [told] = await said(pool, tenant, MessageFileStored)
    assert (told.message_id, told.thread_position, told.channel, told.sent_at) == (message.message_id, 1, message.channel, message.sent_at)
    assert (told.kind, told.mime_type, told.size_bytes) == ("IMAGE", "image/png", len(png))
    assert await content_of(folder, told.storage_key) == png
