"""What the inbox shows and changes is a tenant's own, whatever tenant a statement is told."""

from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from libs import postgres
from libs.postgres import Pool
from schemas.message_created import MessageCreated
from services.message_store import inbox_store, messages_store, replies_store, search_store
from services.message_store.conversation import ConversationStatus
from services.message_store.inbox_store import Filters
from tests.conftest import NewPool
from tests.message_store.inbox import execute
from tests.message_store.media import message_with, whatsapp

THEIRS, MINE = uuid4(), uuid4()


@pytest_asyncio.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A fresh database of message_store."""
    return await new_pool("message_store")


@pytest_asyncio.fixture
async def stored(pool: Pool) -> MessageCreated:
    """A message of theirs, with a file and an earlier text, that is found by its words."""
    message = await message_with(pool, THEIRS, whatsapp())
    await execute(pool, THEIRS, "update messages set content = 'milk', ai_processed = true")
    await execute(
        pool, THEIRS, "insert into message_revisions (distributor_id, message_id, content) values ($1, $2, 'old')", THEIRS, message.message_id
    )
    return message


async def everything(pool: Pool, transaction_of: UUID, tenant: UUID, of: MessageCreated) -> list[object]:
    """What each reading statement finds in a transaction of one tenant that asks for another's."""
    async with postgres.tenant_transaction(pool, [transaction_of]) as tx:
        return [
            await inbox_store.select_conversations(tx, tenant, Filters(), None, 10),
            await inbox_store.select_conversation(tx, tenant, of.conversation_id),
            await inbox_store.select_parts(tx, tenant, of.conversation_id),
            await inbox_store.lock_parts(tx, tenant, of.conversation_id),
            await messages_store.select_messages_after(tx, tenant, {of.conversation_id: 0}, 10),
            await messages_store.select_messages_before(tx, tenant, {of.conversation_id: 9}, 10),
            await messages_store.select_message(tx, tenant, of.message_id),
            await messages_store.select_attachments(tx, tenant, [of.message_id]),
            await messages_store.select_revisions(tx, tenant, [of.message_id]),
            await search_store.select_hits(tx, tenant, "milk", None, 10),
            await replies_store.select_existing(tx, [tenant], [of.message_id]),
        ]


async def test_a_tenant_finds_its_own(pool: Pool, stored: MessageCreated) -> None:
    assert all(await everything(pool, THEIRS, THEIRS, stored))


@pytest.mark.parametrize(("transaction_of", "tenant"), [(MINE, MINE), (MINE, THEIRS), (THEIRS, MINE)])
async def test_nobody_finds_what_is_not_theirs(pool: Pool, stored: MessageCreated, transaction_of: UUID, tenant: UUID) -> None:
    assert not any(await everything(pool, transaction_of, tenant, stored))


@pytest.mark.parametrize(("transaction_of", "tenant"), [(MINE, MINE), (MINE, THEIRS), (THEIRS, MINE)])
async def test_nobody_changes_what_is_not_theirs(pool: Pool, stored: MessageCreated, transaction_of: UUID, tenant: UUID) -> None:
    async with postgres.tenant_transaction(pool, [transaction_of]) as tx:
        await inbox_store.update_all_read(tx, tenant, [stored.conversation_id])
        assert not await inbox_store.update_read_up_to(tx, tenant, [stored.conversation_id], stored.message_id)
        await inbox_store.update_status(tx, tenant, [stored.conversation_id], ConversationStatus.ARCHIVED)
    async with postgres.tenant_transaction(pool, [THEIRS]) as tx:
        shown = await inbox_store.select_conversation(tx, THEIRS, stored.conversation_id)
    assert shown
    assert (shown.unread_count, shown.status) == (1, ConversationStatus.ACTIVE)
