"""Requests made up from each service's OpenAPI document: none is answered in a way that it does not tell, and none with an error of ours."""

from pathlib import Path
from uuid import uuid4

import pytest

from deploy.commands.token import token_for
from deploy.local.stack import Stack
from libs.auth import Role
from tests.conforming import departures

WITH_AN_API = ("accounts", "ai_agent", "catalog_matcher", "ingest", "message_store", "order_session", "webhook_dispatcher")
EXAMPLES_EACH = 15


@pytest.mark.journeys
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", WITH_AN_API)
async def test_every_answer_is_one_that_the_document_tells(stack: Stack, name: str, tmp_path: Path) -> None:
    found = await departures(stack.url(name), token_for(stack, uuid4(), Role.OWNER), tmp_path, examples=EXAMPLES_EACH)
    assert not found, found
