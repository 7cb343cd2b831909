"""Requests made up from an OpenAPI document, to find answers that it does not tell, and errors of ours."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

ROOT = Path(__file__).parents[1]
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


async def departures(url: str, token: str, folder: Path, *, examples: int, known: Mapping[str, UUID] | None = None) -> str:
    """Return what was answered otherwise than the document at `url` says: nothing, if all is well. `known` gives parameters a value that exists."""
    config = folder / "schemathesis.toml"
    config.write_text("\n".join(["[parameters]", *(f'{name} = "{value}"' for name, value in (known or {}).items())]), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *(Path(sys.executable).with_name("schemathesis").as_posix(), "--config-file", config.as_posix(), "run", f"{url}/openapi.json"),
        *("--header", f"Authorization: Bearer {token}", "--checks", CHECKS, "--max-examples", str(examples)),
        *("--phases", "examples,coverage,fuzzing", "--seed", "7", "--no-color"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
        env=os.environ | {"SCHEMATHESIS_HOOKS": "tests.schemathesis_hooks", "PYTHONPATH": ROOT.as_posix()},
    )
    said, _ = await process.communicate()
    return said.decode()[-10_000:] if process.returncode else ""
