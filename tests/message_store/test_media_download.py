"""Files come only from where they may, only so large, and only as what they are said to be."""

import asyncio
import hashlib
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from aiohttp import web

from libs.postgres import Pool
from schemas.attachment import Attachment
from schemas.integration_changed import Provider
from schemas.message_text_extracted import MessageTextExtracted
from services.message_store.__main__ import CONSUMES
from services.message_store.media import download
from services.message_store.media.fetch_due import fetch_due
from tests.conftest import NewPool
from tests.consuming import consume, said
from tests.message_store.media import (
    ENDLESS_BYTES,
    Files,
    integration,
    make_due,
    message_with,
    raw_server,
    rows,
    service_on,
    settings,
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


async def only(pool: Pool, tenant: UUID) -> dict[str, Any]:
    [row] = await rows(pool, tenant)
    return row


async def test_a_file_at_twilio_is_asked_for_with_the_account_s_own_token_which_goes_nowhere_else(pool: Pool, provider: Files, folder: Path) -> None:
    tenant = uuid4()
    await consume(pool, "message_store", CONSUMES, integration(tenant, Provider.TWILIO, {"account_sid": "AC1", "auth_token": "secret"}))
    async with Files() as elsewhere:
        elsewhere.files["ME1"] = b"\x89PNG\r\n\x1a\n"
        provider.refer("ME1", f"{elsewhere.url}/files/ME1?signed=a%2Fb")
        await message_with(pool, tenant, Attachment(url=f"{provider.url}/files/ME1", mime_type="image/png"))

        await fetch_due(service_on(pool, settings(folder)))

        expected = "Basic " + b64encode(b"AC1:secret").decode()
        assert (provider.asked, elsewhere.asked) == ([("/files/ME1", expected)], [("/files/ME1", None)])
    row = await only(pool, tenant)
    assert (row["state"], row["kind"], row["extracted_text"]) == ("STORED", "IMAGE", None)
    assert await said(pool, tenant, MessageTextExtracted) == []


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("http://localhost:1/files/a", "HOST_NOT_ALLOWED"),
        ("http://127.0.0.1.example.com/a", "HOST_NOT_ALLOWED"),
        ("http://127.0.0.1@169.254.169.254/a", "URL_NOT_ALLOWED"),
        ("http://user:password@127.0.0.1/a", "URL_NOT_ALLOWED"),
        ("file:///etc/passwd", "URL_NOT_ALLOWED"),
        ("http://[::1", "URL_NOT_ALLOWED"),
        ("/files/a", "TOO_MANY_REDIRECTS"),
    ],
)
async def test_a_redirect_leads_to_no_place_that_is_not_named(pool: Pool, provider: Files, folder: Path, target: str, code: str) -> None:
    tenant = uuid4()
    await consume(pool, "message_store", CONSUMES, integration(tenant, Provider.GATEWAY))
    provider.refer("a", target)
    await message_with(pool, tenant, Attachment(url=f"{provider.url}/files/a"))
    await fetch_due(service_on(pool, settings(folder)))
    row = await only(pool, tenant)
    assert (row["state"], row["error_code"], row["attempt"]) == ("FAILED", code, 1)


async def test_an_address_that_is_not_public_is_not_connected_to(pool: Pool, provider: Files, folder: Path) -> None:
    tenant = uuid4()
    await consume(pool, "message_store", CONSUMES, integration(tenant, Provider.GATEWAY))
    for url in (provider.url.replace("http:", "https:"), provider.url):
        await message_with(pool, tenant, Attachment(url=f"{url}/files/a"))
    await fetch_due(service_on(pool, settings(folder, media_allow_loopback=False)))
    assert [row["error_code"] for row in await rows(pool, tenant)] == ["ADDRESS_NOT_PUBLIC", "URL_NOT_ALLOWED"]
    assert provider.asked == []


async def test_a_gateway_s_file_comes_only_from_hosts_that_are_named(pool: Pool, provider: Files, folder: Path) -> None:
    tenant = uuid4()
    await consume(pool, "message_store", CONSUMES, integration(tenant, Provider.GATEWAY))
    await message_with(pool, tenant, Attachment(url=f"{provider.url}/files/a"))
    await fetch_due(service_on(pool, settings(folder, media_hosts={"Gateway": ["files.example.com", "*.0.0.1"]})))
    assert (await only(pool, tenant))["state"] == "PENDING", "*.0.0.1 stands for 127.0.0.1, which knows of no such file"
    await make_due(pool, tenant)
    await fetch_due(service_on(pool, settings(folder, media_hosts={})))
    assert (await only(pool, tenant))["error_code"] == "HOST_NOT_ALLOWED"


async def test_a_file_without_a_length_is_read_no_further_than_the_limit(pool: Pool, provider: Files, folder: Path) -> None:
    tenant = uuid4()
    provider.files["a.txt"] = provider.endless
    await message_with(pool, tenant, whatsapp("a.txt", "text/plain"))
    await fetch_due(service_on(pool, settings(folder, provider.url)))
    assert (await only(pool, tenant))["error_code"] == "TOO_LARGE"
    assert provider.sent_bytes < ENDLESS_BYTES


async def test_a_file_that_is_larger_than_the_limit_is_not_stored(pool: Pool, provider: Files, folder: Path) -> None:
    tenant = uuid4()
    provider.files |= {"a.txt": b"a" * 200_001, "b.txt": b"b\n" * 100_000}
    await message_with(pool, tenant, whatsapp("a.txt", "text/plain"), whatsapp("b.txt", "text/plain"))
    await fetch_due(service_on(pool, settings(folder, provider.url)))
    assert [(row["state"], row["error_code"]) for row in await rows(pool, tenant)] == [("FAILED", "TOO_LARGE"), ("STORED", None)]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n3 cs milk", "INTERRUPTED"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n3 cs milk", "INTERRUPTED"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "EMPTY"),
        (b"not HTTP at all\r\n\r\n", "INTERRUPTED"),
        (b"", "INTERRUPTED"),
    ],
)
async def test_a_server_that_lies_about_the_length_or_hangs_up_is_asked_again(pool: Pool, folder: Path, answer: bytes, code: str) -> None:
    tenant = uuid4()
    await consume(pool, "message_store", CONSUMES, integration(tenant, Provider.GATEWAY))
    async with raw_server(answer) as url:
        await message_with(pool, tenant, Attachment(url=f"{url}/a", mime_type="text/plain"))
        await fetch_due(service_on(pool, settings(folder)))
    row = await only(pool, tenant)
    assert (row["state"], row["error_code"]) == ("PENDING", code)
    assert timedelta(seconds=3) < row["run_after"] - row["updated_at"] < timedelta(seconds=7)


async def test_a_file_that_is_not_what_it_is_called_is_refused(pool: Pool, provider: Files, folder: Path) -> None:
    tenant = uuid4()
    provider.files["order.pdf"] = b"\x89PNG\r\n\x1a\n"
    await message_with(pool, tenant, whatsapp("order.pdf", "application/pdf"))
    await fetch_due(service_on(pool, settings(folder, provider.url)))
    assert (await only(pool, tenant))["error_code"] == "TYPE_MISMATCH"


async def test_a_hash_that_the_provider_gives_has_to_be_the_file_s(pool: Pool, provider: Files, folder: Path) -> None:
    tenant, content = uuid4(), b"3 cs milk"
    digest = hashlib.sha256(content)
    provider.files["a.txt"] = content
    given = [digest.hexdigest().upper(), b64encode(digest.digest()).decode(), "0" * 64, "not a hash"]
    for each in given:
        await message_with(pool, tenant, whatsapp("a.txt", "text/plain", sha256=each))
    await fetch_due(service_on(pool, settings(folder, provider.url)))
    stored, mismatch = ("STORED", None), ("PENDING", "HASH_MISMATCH")
    assert [(row["state"], row["error_code"]) for row in await rows(pool, tenant)] == [stored, stored, mismatch, mismatch]


async def test_a_provider_that_does_not_answer_in_time_is_asked_again(
    pool: Pool, provider: Files, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = uuid4()
    monkeypatch.setattr(download, "TOTAL_SECONDS", 0.1)

    async def dawdle(_: web.Request) -> web.Response:
        await asyncio.sleep(60)
        raise AssertionError("nobody waits")

    provider.files["a.txt"] = dawdle
    await message_with(pool, tenant, whatsapp("a.txt", "text/plain"))
    await fetch_due(service_on(pool, settings(folder, provider.url)))
    row = await only(pool, tenant)
    assert (row["state"], row["error_code"]) == ("PENDING", "TIMEOUT")
