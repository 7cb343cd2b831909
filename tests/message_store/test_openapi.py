"""message_store answers every request in a way that its OpenAPI document tells."""

from pathlib import Path

import pytest

from libs import auth
from libs.auth import Role
from tests.conforming import departures
from tests.conftest import NewPool
from tests.message_store.inbox import PATH, execute, inbox, write
from tests.message_store.media import message_with, rows, whatsapp

EXAMPLES = 5


@pytest.mark.timeout(300)
async def test_every_answer_is_one_that_the_document_tells(new_pool: NewPool, folder: Path) -> None:
    pool = await new_pool("message_store")
    async with inbox(pool, folder) as api:
        message = await message_with(pool, api.distributor_id, whatsapp())
        [attachment] = await rows(pool, api.distributor_id)
        await write(pool, api.distributor_id, "3 cs milk", "no butter")
        await execute(pool, api.distributor_id, "update messages set ai_processed = true, language = 'en'")
        token = auth.issue(api.settings, api.distributor_id, Role.OWNER)
        known = {"conversation_id": message.conversation_id, "message_id": message.message_id, "attachment_id": attachment["id"]}

        found = await departures(api.url, token, folder, examples=EXAMPLES, known=known)

        assert not found, found
        shown = (await api.call("GET", f"{PATH}/{message.conversation_id}/messages?after=start&limit=3")).body
        assert [each["thread_position"] for each in shown["items"]] == [1, 2, 3]
