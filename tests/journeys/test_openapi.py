"""Requests made up from each service's OpenAPI document: none is answered in a way that it does not tell, and none with an error of ours."""

import asyncio
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.commands.token import token_for
from deploy.local.stack import Stack
from libs.auth import Role

WITH_AN_API = ("accounts", "catalog_matcher", "ingest", "message_store", "order_session", "webhook_dispatcher")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
EXAMPLES_EACH = "15"


@pytest.mark.journeys
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", WITH_AN_API)
async def test_every_answer_is_one_that_the_document_tells(stack: Stack, name: str, tmp_path: Path) -> None:
    token = token_for(stack, uuid4(), Role.OWNER)
    process = await asyncio.create_subprocess_exec(
        *(Path(sys.executable).with_name("schemathesis").as_posix(), "run", f"{stack.url(name)}/openapi.json"),
        *("--header", f"Authorization: Bearer {token}", "--checks", CHECKS, "--max-examples", EXAMPLES_EACH),
        *("--phases", "examples,coverage,fuzzing", "--seed", "7", "--no-color"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=tmp_path,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()[-10_000:]
