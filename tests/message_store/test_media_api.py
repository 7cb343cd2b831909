"""Staff get a link to a file that soon expires; nobody else gets anything."""

import hashlib
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from yarl import URL

from libs import postgres, storage
from libs.auth import Role
from libs.postgres import Pool
from services.message_store import media_store
from services.message_store.media.api import router
from services.message_store.media.domain import Kind, Reading, Stored
from services.message_store.media.record import record
from services.message_store.settings import MessageStoreSettings
from tests.conftest import NewPool
from tests.message_store.media import message_with, settings, whatsapp
from tests.serving import Api, serving

CONTENT = b"3 cs milk"
NAME = 'order "ü"/../a.txt'


@pytest_asyncio.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A fresh database of message_store."""
    return await new_pool("message_store")


@pytest_asyncio.fixture
async def api(pool: Pool, folder: Path) -> AsyncIterator[Api]:
    """The routes of files."""
    async with serving("message_store", pool, settings(folder), router) as running:
        yield running


async def file_of(pool: Pool, tenant: UUID, told: MessageStoreSettings | None) -> UUID:
    """Store a message with a file; the file is stored as well if it is told where."""
    await message_with(pool, tenant, whatsapp(NAME, "text/plain"))
    async with postgres.worker_transaction(pool) as worker:
        [claimed] = await media_store.claim_due(worker, 1, timedelta(minutes=5))
    if told:
        key = storage.key_of(tenant, "attachments", str(claimed.id))
        async with storage.opened(told) as kept:
            await kept.put(key, io.BytesIO(CONTENT), "text/plain")
        outcome = Stored(
            storage_key=key,
            kind=Kind.DOCUMENT,
            mime_type="text/plain",
            size_bytes=len(CONTENT),
            sha256=hashlib.sha256(CONTENT).hexdigest(),
            reading=Reading(CONTENT.decode()),
        )
        async with postgres.tenant_transaction(pool, [tenant]) as tx:
            await record(tx, claimed, outcome)
    return claimed.id


async def get(api: Api, url: str) -> tuple[int, bytes, dict[str, str]]:
    async with api.session.get(URL(url, encoded=True)) as response:
        return response.status, await response.read(), dict(response.headers)


async def test_an_operator_gets_a_link_that_gives_the_file_to_be_saved(api: Api, pool: Pool, folder: Path) -> None:
    attachment = await file_of(pool, api.distributor_id, settings(folder))
    answer = await api.call("GET", f"/v1/attachments/{attachment}", role=Role.OPERATOR)
    assert answer.status == 200
    assert (answer.body["state"], answer.body["size_bytes"], answer.body["extracted_text"]) == ("STORED", 9, "3 cs milk")
    assert timedelta(minutes=4) < datetime.fromisoformat(answer.body["expires_at"]) - datetime.now(UTC) <= timedelta(minutes=5)

    status, content, headers = await get(api, answer.body["url"])

    assert (status, content, headers["Content-Length"]) == (200, CONTENT, "9")
    assert headers["Content-Type"].startswith("text/plain")
    assert headers["Content-Disposition"] == "attachment; filename*=UTF-8''order%20%22%C3%BC%22_.._a.txt"
    assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "private, no-store")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("signature", "0" * 64),
        ("signature", ""),
        ("signature", "ü"),
        ("expires", "1"),
        ("expires", "9999999999"),
        ("distributor_id", str(UUID(int=1))),
    ],
)
async def test_a_link_that_was_changed_gives_nothing(api: Api, pool: Pool, folder: Path, field: str, value: str) -> None:
    attachment = await file_of(pool, api.distributor_id, settings(folder))
    link = URL((await api.call("GET", f"/v1/attachments/{attachment}")).body["url"])
    status, content, _ = await get(api, str(link.update_query({field: value})))
    assert status == 403
    assert CONTENT not in content


async def test_a_link_of_one_file_does_not_give_another(api: Api, pool: Pool, folder: Path) -> None:
    one, other = [await file_of(pool, api.distributor_id, settings(folder)) for _ in range(2)]
    link = (await api.call("GET", f"/v1/attachments/{one}")).body["url"]
    assert (await get(api, link.replace(str(one), str(other))))[0] == 403


async def test_an_expired_link_gives_nothing(api: Api, pool: Pool, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    attachment = await file_of(pool, api.distributor_id, settings(folder))
    monkeypatch.setattr("services.message_store.media.links.LIFETIME", timedelta())
    link = (await api.call("GET", f"/v1/attachments/{attachment}")).body["url"]
    assert (await get(api, link))[0] == 403


async def test_the_file_of_another_tenant_is_not_there(api: Api, pool: Pool, folder: Path) -> None:
    attachment = await file_of(pool, uuid4(), settings(folder))
    assert (await api.call("GET", f"/v1/attachments/{attachment}")).status == 404
    assert (await api.call("GET", f"/v1/attachments/{attachment}", role=None)).status == 401


async def test_a_file_that_is_not_stored_has_no_link(api: Api, pool: Pool) -> None:
    attachment = await file_of(pool, api.distributor_id, None)
    body: dict[str, Any] = (await api.call("GET", f"/v1/attachments/{attachment}")).body
    assert (body["state"], body["url"], body["expires_at"]) == ("PENDING", None, None)


async def test_a_file_that_is_lost_is_said_to_be(api: Api, pool: Pool, folder: Path) -> None:
    attachment = await file_of(pool, api.distributor_id, settings(folder))
    async with storage.opened(settings(folder)) as kept:
        await kept.delete(storage.key_of(api.distributor_id, "attachments", str(attachment)))
    link = (await api.call("GET", f"/v1/attachments/{attachment}")).body["url"]
    assert (await get(api, link))[0] == 404


async def test_a_bucket_is_linked_to_itself(pool: Pool, folder: Path) -> None:
    bucket = settings(
        folder, storage_bucket="files", storage_endpoint="https://s3.example.com", storage_access_key_id="id", storage_secret_access_key="secret"
    )
    async with serving("message_store", pool, bucket, router) as api:
        attachment = await file_of(pool, api.distributor_id, settings(folder))
        link = URL((await api.call("GET", f"/v1/attachments/{attachment}")).body["url"])
    assert (link.host, link.path) == ("s3.example.com", f"/files/{api.distributor_id}/attachments/{attachment}")
    assert (link.query["X-Amz-Expires"], link.query["response-content-type"]) == ("300", "text/plain")
    assert link.query["response-content-disposition"].startswith("attachment;")
