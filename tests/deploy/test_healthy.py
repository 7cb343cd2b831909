"""What a container asks of its own service."""

import asyncio
import os
import subprocess
import sys

from fastapi import APIRouter

from deploy.docker import healthy
from deploy.local.ports import free_port
from libs.settings import Settings
from tests.conftest import NewPool
from tests.serving import serving


async def asked(port: int) -> int:
    """The exit code of the health check of a container whose service listens on `port`."""
    command = [sys.executable, "-m", healthy.__name__]
    return (await asyncio.to_thread(subprocess.run, command, env=os.environ | {"COMANDA_HTTP_PORT": str(port)}, check=False)).returncode


async def test_a_container_is_healthy_while_its_service_is_ready(new_pool: NewPool, settings: Settings) -> None:
    pool = await new_pool("ingest")
    async with serving("ingest", pool, settings, APIRouter()) as api:
        port = api.session._base_url.port  # pyright: ignore[reportPrivateUsage, reportOptionalMemberAccess]
        assert await asked(port or 0) == 0
        await pool.close()
        assert await asked(port or 0) == 1


async def test_a_container_whose_service_does_not_answer_is_not_healthy() -> None:
    assert await asked(free_port()) == 1
