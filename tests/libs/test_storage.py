"""Files are kept whole, under keys that lead nowhere else, in a folder and in a bucket alike."""

import io
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest
import pytest_asyncio
from aiobotocore.session import get_session
from moto.server import ThreadedMotoServer

from libs import storage
from libs.storage import FileMissing, Storage, StorageAway, StorageSettings, key_of
from tests.consuming import nowhere

TENANT = UUID(int=1)
PDF = "application/pdf"
SESSION = get_session()


def settings(**more: Any) -> StorageSettings:
    return StorageSettings.model_validate(nowhere().model_dump() | more)


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """Where a server speaks S3."""
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest_asyncio.fixture
async def bucket(s3: str) -> StorageSettings:
    """A fresh bucket."""
    found = settings(
        storage_endpoint=s3,
        storage_bucket=f"files-{uuid4()}",
        storage_prefix="comanda/",
        storage_access_key_id="id",
        storage_secret_access_key="secret",
    )
    client: Any = SESSION.create_client("s3", region_name="us-east-1", endpoint_url=s3, aws_access_key_id="id", aws_secret_access_key="secret")
    async with client as connected:
        await connected.create_bucket(Bucket=found.storage_bucket)
    return found


@pytest_asyncio.fixture(params=["folder", "bucket"])
async def kept(request: pytest.FixtureRequest, folder: Path, bucket: StorageSettings) -> AsyncIterator[Storage]:
    """Each kind of storage."""
    async with storage.opened(bucket if request.param == "bucket" else settings(storage_folder=folder)) as opened:
        yield opened


async def read(kept: Storage, key: str) -> bytes:
    return b"".join([piece async for piece in kept.get(key)])


def files(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_what_is_put_is_had_again_replaced_and_forgotten(kept: Storage) -> None:
    key, large = key_of(TENANT, "attachments", "one.pdf"), bytes(range(256)) * 4_096
    content = io.BytesIO(large)
    content.seek(100)
    await kept.put(key, content, PDF)
    assert await read(kept, key) == large
    await kept.put(key, io.BytesIO(b"another"), PDF)
    assert await read(kept, key) == b"another"
    await kept.delete(key)
    await kept.delete(key)
    with pytest.raises(FileMissing):
        await read(kept, key)


async def test_the_file_of_another_tenant_is_another_file(kept: Storage) -> None:
    await kept.put(key_of(TENANT, "a"), io.BytesIO(b"mine"), PDF)
    with pytest.raises(FileMissing):
        await read(kept, key_of(UUID(int=2), "a"))


ELSEWHERE = ("", "/etc/passwd", "a/b", f"../{TENANT}/a", f"{TENANT}", f"{TENANT}/", f"{TENANT}/..", f"{TENANT}/../{UUID(int=2)}/a", f"{TENANT}//a")
NOT_NAMES = (".a", "a\\..\\b", "a\n", "a\x00", "ä", "a" * 500)


@pytest.mark.parametrize("key", [*ELSEWHERE, *(f"{TENANT}/{name}" for name in NOT_NAMES)])
async def test_a_key_that_could_lead_elsewhere_is_refused(kept: Storage, folder: Path, key: str) -> None:
    with pytest.raises(ValueError, match="a key is"):
        await kept.put(key, io.BytesIO(b"x"), PDF)
    with pytest.raises(ValueError, match="a key is"):
        await read(kept, key)
    with pytest.raises(ValueError, match="a key is"):
        await kept.delete(key)
    assert not storage.belongs_to(key, TENANT)
    assert files(folder) == []


def test_a_key_belongs_to_the_tenant_that_it_begins_with() -> None:
    key = key_of(TENANT, "attachments", "x")
    assert storage.belongs_to(key, TENANT)
    assert not storage.belongs_to(key, UUID(int=2))
    with pytest.raises(ValueError, match="a key is"):
        key_of(TENANT, "..", str(UUID(int=2)), "x")


class Breaking(io.BytesIO):
    """Breaks off in the middle."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise OSError("the disk is gone")
        return super().read(min(size or 10, 10))


async def test_a_file_that_was_written_in_part_is_not_there(folder: Path) -> None:
    async with storage.opened(settings(storage_folder=folder)) as kept:
        key = key_of(TENANT, "a")
        await kept.put(key, io.BytesIO(b"before"), PDF)
        with pytest.raises(OSError, match="the disk is gone"):
            await kept.put(key, Breaking(b"x" * 100), PDF)
        assert await read(kept, key) == b"before"
        assert files(folder / str(TENANT)) == ["a"]


async def test_a_bucket_is_linked_to_for_a_while_and_a_folder_is_not(bucket: StorageSettings, folder: Path) -> None:
    key, disposition = key_of(TENANT, "a"), 'attachment; filename="order.pdf"'
    async with storage.opened(bucket) as kept, aiohttp.ClientSession() as session:
        await kept.put(key, io.BytesIO(b"3 cs milk"), "text/plain")
        link = await kept.link(key, PDF, disposition, timedelta(minutes=5))
        assert link is not None
        async with session.get(link) as response:
            assert (await response.read(), response.headers["Content-Type"]) == (b"3 cs milk", PDF)
            assert response.headers["Content-Disposition"] == disposition
        assert "X-Amz-Expires=300" in link
        assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in link
        assert f"/{bucket.storage_bucket}/comanda/{key}?" in link
    async with storage.opened(settings(storage_folder=folder)) as kept:
        assert await kept.link(key, PDF, disposition, timedelta(minutes=5)) is None


async def test_a_bucket_that_is_away_or_gone_is_tried_again_later(bucket: StorageSettings) -> None:
    away = bucket.model_copy(update={"storage_endpoint": "http://127.0.0.1:1"})
    gone = bucket.model_copy(update={"storage_bucket": "nobodys-bucket"})
    for unusable in (away, gone):
        async with storage.opened(unusable) as kept:
            with pytest.raises(StorageAway) as raised:
                await kept.put(key_of(TENANT, "a"), io.BytesIO(b"x"), PDF)
            assert str(TENANT) not in str(raised.value)
            with pytest.raises(StorageAway):
                await read(kept, key_of(TENANT, "a"))
