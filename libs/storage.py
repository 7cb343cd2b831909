"""Files by key: in a local folder, or in a bucket of anything that speaks S3. The first part of a key is the tenant's id."""

import asyncio
import os
import re
import shutil
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from uuid import UUID

import aiohttp
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession, get_session
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import Field, SecretStr

from libs.settings import Settings

CHUNK_BYTES = 256 * 1024
CONNECT_SECONDS = 5
READ_SECONDS = 30
ATTEMPTS = 3
MOST_KEY_CHARACTERS = 500
KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(/[A-Za-z0-9][A-Za-z0-9._-]*)+")


class StorageSettings(Settings):
    """The shared settings, and where files are kept: in a folder, unless a bucket is named."""

    storage_folder: Path = Field(default=Path(".comanda/storage"), description="Of this machine; processes on several need one that they share")
    storage_bucket: str | None = Field(default=None, description="Of S3 or whatever speaks its protocol")
    storage_endpoint: str | None = Field(default=None, description="https://… of a server that is not Amazon's")
    storage_region: str = "us-east-1"
    storage_prefix: str = Field(default="", pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]*/)*$", description="Begins every key in the bucket; ends in /")
    storage_access_key_id: SecretStr | None = Field(default=None, description="Left out where the machine itself has a role")
    storage_secret_access_key: SecretStr | None = None


class FileMissing(Exception):
    """There is nothing under this key."""


class StorageAway(ConnectionError):
    """The bucket did not do what was asked; it may later."""


class Storage(Protocol):
    """What can be done with files. Every key is one that `key_of` returned."""

    async def put(self, key: str, content: BinaryIO, mime_type: str) -> None:
        """Keep `content` from its beginning, whole or not at all, in place of what is there."""
        ...

    def get(self, key: str) -> AsyncIterator[bytes]:
        """Return the content in pieces. Raises FileMissing."""
        ...

    async def delete(self, key: str) -> None:
        """Forget the file, if there is one."""
        ...

    async def link(self, key: str, mime_type: str, disposition: str, lifetime: timedelta) -> str | None:
        """Return an address from which anybody can download the file for so long; null where it cannot be had but through us."""
        ...


def key_of(distributor_id: UUID, *parts: str) -> str:
    """Return the key of a tenant's file. Raises ValueError where a part could lead elsewhere."""
    return _checked("/".join((str(distributor_id), *parts)))


def belongs_to(key: str, distributor_id: UUID) -> bool:
    """Tell whether `key` is a tenant's."""
    return len(key) <= MOST_KEY_CHARACTERS and KEY.fullmatch(key) is not None and key.startswith(f"{distributor_id}/")


@asynccontextmanager
async def opened(settings: StorageSettings) -> AsyncGenerator[Storage]:
    """Open the storage that the settings name."""
    if settings.storage_bucket is None:
        yield LocalFolder(settings.storage_folder)
        return
    async with _session().create_client("s3", **_client_options(settings)) as client:
        yield Bucket(client, settings.storage_bucket, settings.storage_prefix)


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """Keeps each file under its key."""

    folder: Path

    async def put(self, key: str, content: BinaryIO, mime_type: str) -> None:  # noqa: ARG002 - a folder keeps no types
        """See Storage."""
        await asyncio.to_thread(_write, self.folder / _checked(key), content)

    async def get(self, key: str) -> AsyncIterator[bytes]:
        """See Storage."""
        try:
            file = await asyncio.to_thread((self.folder / _checked(key)).open, "rb")
        except FileNotFoundError:
            raise FileMissing from None
        with file:
            while piece := await asyncio.to_thread(file.read, CHUNK_BYTES):
                yield piece

    async def delete(self, key: str) -> None:
        """See Storage."""
        await asyncio.to_thread((self.folder / _checked(key)).unlink, missing_ok=True)

    async def link(self, key: str, mime_type: str, disposition: str, lifetime: timedelta) -> str | None:  # noqa: ARG002 - there is no server but ours
        """See Storage."""
        return None


def _write(path: Path, content: BinaryIO) -> None:
    """Write a file beside its place and move it there when all of it is on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            content.seek(0)
            shutil.copyfileobj(content, file, CHUNK_BYTES)
            file.flush()
            os.fsync(file.fileno())
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@dataclass(frozen=True, slots=True)
class Bucket:
    """Keeps each file as an object."""

    client: Any
    """aiobotocore's, which has no types."""
    name: str
    prefix: str

    async def put(self, key: str, content: BinaryIO, mime_type: str) -> None:
        """See Storage."""
        content.seek(0)
        with _away():
            await self.client.put_object(**self._object(key), Body=content, ContentType=mime_type)

    async def get(self, key: str) -> AsyncIterator[bytes]:
        """See Storage."""
        with _away():
            answer = await self.client.get_object(**self._object(key))
            async with answer["Body"] as body:
                async for piece in body.iter_chunks(CHUNK_BYTES):
                    yield piece

    async def delete(self, key: str) -> None:
        """See Storage."""
        with _away():
            await self.client.delete_object(**self._object(key))

    async def link(self, key: str, mime_type: str, disposition: str, lifetime: timedelta) -> str | None:
        """See Storage."""
        named = self._object(key) | {"ResponseContentType": mime_type, "ResponseContentDisposition": disposition}
        return await self.client.generate_presigned_url("get_object", Params=named, ExpiresIn=int(lifetime.total_seconds()))

    def _object(self, key: str) -> dict[str, str]:
        return {"Bucket": self.name, "Key": self.prefix + _checked(key)}


def _checked(key: str) -> str:
    if len(key) > MOST_KEY_CHARACTERS or KEY.fullmatch(key) is None:
        raise ValueError("a key is the tenant's id and names of letters, digits, dots, dashes and underscores, with / between them")
    return key


@contextmanager
def _away() -> Generator[None]:
    """Raise what went wrong in the bucket as one of our errors; the texts name no key and no secret."""
    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
            raise FileMissing from None
        raise StorageAway(f"the bucket refused: {error.response.get('Error', {}).get('Code')}") from None
    except (BotoCoreError, aiohttp.ClientError, TimeoutError) as error:
        raise StorageAway(f"the bucket does not answer: {type(error).__name__}") from None


@lru_cache(maxsize=1)
def _session() -> AioSession:
    """One for the process: what it read of S3's interface takes long to read."""
    return get_session()


def _client_options(settings: StorageSettings) -> dict[str, Any]:
    key_id, secret = settings.storage_access_key_id, settings.storage_secret_access_key
    return {
        "region_name": settings.storage_region,
        "endpoint_url": settings.storage_endpoint,
        "aws_access_key_id": key_id.get_secret_value() if key_id else None,
        "aws_secret_access_key": secret.get_secret_value() if secret else None,
        "config": AioConfig(
            signature_version="s3v4",
            s3={"addressing_style": "path" if settings.storage_endpoint else "auto"},
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            # Servers other than Amazon's do not all know the newer checksums.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    }
