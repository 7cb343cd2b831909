"""The text of a file, read in a process that is ended when it takes too long."""

import asyncio
import sys
from pathlib import Path
from typing import BinaryIO

from pydantic_core import from_json

import services
from services.message_store.media import reading
from services.message_store.media.domain import Reading

ROOT = Path(services.__file__).parent.parent
SECONDS = 20.0


async def read(file: BinaryIO, reader: str | None, turns: asyncio.Semaphore) -> Reading:
    """Return what a file says, or why that is not known; waits for its turn."""
    if reader is None:
        return Reading()
    async with turns:
        file.seek(0)
        # Nothing of our environment goes there: no secret is to be had by whoever finds a hole in a reader.
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            f"{reading.__name__}.{reader}",
            stdin=file,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=ROOT,
            env={},
        )
        try:
            async with asyncio.timeout(SECONDS):
                answer, _ = await process.communicate()
        except TimeoutError:
            return Reading(error_code="TEXT_TOOK_TOO_LONG")
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if process.returncode:
        return Reading(error_code="TEXT_NOT_READABLE")
    return Reading(**from_json(answer))
