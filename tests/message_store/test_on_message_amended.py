"""A customer changes a message, or takes it back: what it said stays known, and staff look again where it was told already."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from libs import postgres
from libs.postgres import Pool
from schemas.message_amended import MessageAmended
from schemas.message_received import MessageReceived
from services.message_store import amending, amendments_store
from services.message_store.amendments_store import Amendment
from tests.conftest import NewPool
from tests.consuming import arrived
from tests.making import INTEGRATION, NOW, customer, received
from tests.message_store.conversations import JONAH, conversations, of_customer, own, rows, take, told
from tests.message_store.media import service_on, settings

SOON = NOW + timedelta(minutes=1)
LATER = NOW + timedelta(minutes=2)


@pytest_asyncio.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A fresh database of message_store."""
    return await new_pool("message_store")


def amended(of: MessageReceived, content: str | None, at: datetime = SOON) -> MessageAmended:
    return arrived(
        MessageAmended(
            distributor_id=of.distributor_id,
            occurred_at=at,
            conversation_id=of.conversation_id,
            integration_id=of.integration_id,
            external_message_id=of.external_message_id,
            content=content,
            amended_at=at,
        )
    )


async def stored(pool: Pool, tenant: UUID) -> dict[str, Any]:
    [message] = await rows(pool, tenant, "select * from messages")
    return message


async def revisions(pool: Pool, tenant: UUID) -> Sequence[tuple[str | None, datetime | None]]:
    found = await rows(pool, tenant, "select content, amended_at from message_revisions order by amended_at nulls first")
    return [(row["content"], row["amended_at"]) for row in found]


async def read_and_put_away(pool: Pool, tenant: UUID) -> None:
    await rows(pool, tenant, "update conversations set unread_count = 0, status = 'ARCHIVED'")


async def test_an_edit_keeps_what_was_said_and_makes_staff_look_again(pool: Pool) -> None:
    tenant = uuid4()
    event = received(tenant, "3 cs milk")
    await take(pool, event)
    await read_and_put_away(pool, tenant)

    await take(pool, amended(event, "4 cs milk"))

    message = await stored(pool, tenant)
    assert (message["content"], message["edited_at"], message["revoked_at"]) == ("4 cs milk", SOON, None)
    assert await revisions(pool, tenant) == [("3 cs milk", None), ("4 cs milk", SOON)]
    conversation = (await conversations(pool, tenant))[own(tenant)]
    assert (conversation["unread_count"], conversation["status"]) == (1, "ACTIVE")
    assert [each.content for each in await told(pool, tenant)] == ["3 cs milk"], "a message is told once"


async def test_what_was_taken_back_stays_so(pool: Pool) -> None:
    tenant = uuid4()
    event = received(tenant, "3 cs milk")
    await take(pool, event)

    await take(pool, amended(event, None))
    await take(pool, amended(event, "4 cs milk", LATER))

    message = await stored(pool, tenant)
    assert (message["content"], message["edited_at"], message["revoked_at"]) == ("", None, SOON)
    assert await revisions(pool, tenant) == [("3 cs milk", None), (None, SOON), ("4 cs milk", LATER)]


async def test_the_newest_edit_holds_in_whatever_order_they_come(pool: Pool) -> None:
    tenant, other = uuid4(), uuid4()
    one, two = received(tenant, "first"), received(other, "first")
    await take(pool, one, two)

    await take(pool, amended(one, "third", LATER), amended(one, "second"))
    await take(pool, amended(two, "third", LATER))
    await take(pool, amended(two, "second"))

    for each in (tenant, other):
        assert (await stored(pool, each))["content"] == "third"
        assert await revisions(pool, each) == [("first", None), ("second", SOON), ("third", LATER)]


async def test_a_repeated_edit_changes_nothing_and_disturbs_nobody(pool: Pool) -> None:
    tenant = uuid4()
    event = received(tenant, "3 cs milk")
    change = amended(event, "4 cs milk")
    await take(pool, event)
    await take(pool, change)
    await read_and_put_away(pool, tenant)
    before = await conversations(pool, tenant), await revisions(pool, tenant)

    await take(pool, change)
    await take(pool, arrived(change.model_copy()), arrived(change.model_copy()))

    assert (await conversations(pool, tenant), await revisions(pool, tenant)) == before


async def test_unread_messages_do_not_become_more_by_an_edit(pool: Pool) -> None:
    tenant = uuid4()
    event = received(tenant)
    await take(pool, event, received(tenant))

    await take(pool, amended(event, "4 cs milk"))

    assert (await conversations(pool, tenant))[own(tenant)]["unread_count"] == 2


async def test_a_change_before_its_message_waits_and_the_message_is_told_as_it_reads_then(pool: Pool) -> None:
    tenant = uuid4()
    edited, taken_back = received(tenant, "3 cs milk"), received(tenant, "5 cs milk")
    await take(pool, amended(edited, "4 cs milk"), amended(taken_back, None))
    await take(pool, amended(edited, "4 cs milk"))

    await take(pool, edited, received(tenant, "eggs"), taken_back)
    await take(pool, edited)

    assert [each.content for each in await told(pool, tenant)] == ["4 cs milk", "eggs", ""]
    assert [row["content"] for row in await rows(pool, tenant, "select content from messages order by thread_position")] == ["4 cs milk", "eggs", ""]
    assert await rows(pool, tenant, "select * from early_amendments") == []
    assert await revisions(pool, tenant) == [("3 cs milk", None), ("5 cs milk", None), ("4 cs milk", SOON), (None, SOON)]


async def test_a_change_in_the_same_batch_as_its_message_is_made(pool: Pool) -> None:
    tenant = uuid4()
    event = received(tenant, "3 cs milk")
    await take(pool, amended(event, "4 cs milk"), event)
    assert (await stored(pool, tenant))["content"] == "4 cs milk"


async def test_a_change_and_its_message_that_did_not_see_each_other_meet_later(pool: Pool, folder: Path) -> None:
    tenant = uuid4()
    event = received(tenant, "3 cs milk")
    await take(pool, event)
    change = Amendment(tenant, INTEGRATION, event.external_message_id, "4 cs milk", SOON)
    orphan = Amendment(tenant, INTEGRATION, "of a message that never comes", "?", SOON)
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await amendments_store.insert_early(tx, [change, change, orphan])
    await read_and_put_away(pool, tenant)

    service = service_on(pool, settings(folder))
    assert [await amending.amend_due(service), await amending.amend_due(service)] == [1, 0]

    assert (await stored(pool, tenant))["content"] == "4 cs milk"
    assert (await conversations(pool, tenant))[own(tenant)]["unread_count"] == 1
    assert len(await rows(pool, tenant, "select * from early_amendments")) == 1


async def test_changes_and_messages_at_the_same_time_lose_nothing(pool: Pool, folder: Path) -> None:
    tenant = uuid4()
    events = [received(tenant, "3 cs milk", sender=f"+1555010{number:04d}") for number in range(30)]

    await asyncio.gather(*(take(pool, each) for event in events for each in (event, amended(event, "4 cs milk"))))
    await amending.amend_due(service_on(pool, settings(folder)))

    assert {row["content"] for row in await rows(pool, tenant, "select content from messages")} == {"4 cs milk"}
    assert len(await revisions(pool, tenant)) == 2 * len(events)


async def test_an_edit_in_a_merged_conversation_brings_what_shows_it_back(pool: Pool) -> None:
    tenant, mario = uuid4(), uuid4()
    event = received(tenant)
    await take(pool, event)
    await take(pool, customer(tenant, mario, JONAH))
    await read_and_put_away(pool, tenant)

    await take(pool, amended(event, "4 cs milk"))

    assert (await conversations(pool, tenant))[of_customer(tenant, mario)]["status"] == "ACTIVE"


async def test_a_change_reaches_no_message_of_another_tenant(pool: Pool) -> None:
    mine, theirs = uuid4(), uuid4()
    event = received(theirs, "3 cs milk", external_id="wamid.1")
    await take(pool, event)

    await take(pool, amended(received(mine, external_id="wamid.1"), "mine"))

    assert (await stored(pool, theirs))["content"] == "3 cs milk"
    assert len(await rows(pool, mine, "select * from early_amendments")) == 1
    change = Amendment(theirs, INTEGRATION, "wamid.1", "theirs", SOON)
    before = await conversations(pool, theirs)
    async with postgres.tenant_transaction(pool, [theirs]) as tx:
        await amendments_store.insert_early(tx, [change])
    async with postgres.tenant_transaction(pool, [mine]) as tx:
        assert await amendments_store.update_amended(tx, [change]) == []
        assert await amendments_store.delete_due(tx, 10) == []
        await amendments_store.update_unread(tx, [(theirs, own(theirs)), (mine, own(theirs))])
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await amendments_store.insert_early(tx, [change])
    assert await conversations(pool, theirs) == before
    assert (await stored(pool, theirs))["content"] == "3 cs milk"
    assert len(await rows(pool, theirs, "select * from early_amendments")) == 1
