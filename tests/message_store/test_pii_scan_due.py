"""Stored texts are scanned once, by their tenants' rules; what is found is written down, masked where a rule wants it, and told."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from libs import keyring, postgres
from libs.consumer import Consumer
from libs.postgres import Pool
from schemas.message import MessageParts
from schemas.pii_detected import PiiAction, PiiDetected, PiiType
from schemas.reply_requested import ReplyRequested
from services.message_store.__main__ import CONSUMES
from services.message_store.amendments_store import Amendment, update_amended
from services.message_store.pii import queue_store
from services.message_store.pii.scan_due import AT_ONCE, WHILE_FLOODED, scan_due, scan_queued, value_place
from tests.conftest import NewPool
from tests.consuming import arrived, consume, nowhere, said
from tests.making import INTEGRATION, NOW, received
from tests.message_store.pii import CARD, PHONE, add_rule, content_of, in_tenant, rows, scan, service_on, store_message


@pytest_asyncio.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A fresh database of message_store."""
    return await new_pool("message_store")


async def value_of(pool: Pool, tenant: UUID, row: postgres.asyncpg.Record) -> str:
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        return (await keyring.unseal(tx, nowhere().master_key, tenant, row["detected_value"], value_place(row["id"]))).decode()


async def test_by_default_a_card_is_masked_and_kept_sealed_and_a_phone_is_flagged(pool: Pool) -> None:
    tenant = uuid4()
    created = await store_message(pool, tenant, f"3 cs milk, card {CARD}, call {PHONE}")
    assert await scan(pool) >= 1
    assert await content_of(pool, created) == f"3 cs milk, card [CREDIT_CARD], call {PHONE}"
    card, phone = await rows(pool, tenant)
    assert (card["pii_type"], card["action_taken"], card["start_offset"], card["end_offset"]) == ("CREDIT_CARD", "ENCRYPTED", 16, 29)
    assert (phone["pii_type"], phone["action_taken"], phone["start_offset"], phone["end_offset"]) == ("PHONE", "FLAGGED", 36, 48)
    assert [await value_of(pool, tenant, row) for row in (card, phone)] == [CARD, PHONE]
    assert CARD.encode() not in card["detected_value"]
    [told] = await said(pool, tenant, PiiDetected)
    assert (told.message_id, told.conversation_id) == (created.message_id, created.conversation_id)
    assert [(each.pii_type, each.start_offset, each.end_offset) for each in told.findings] == [
        (PiiType.CREDIT_CARD, 16, 29),
        (PiiType.PHONE, 36, 48),
    ]


async def test_a_masked_text_is_not_found_by_searching_for_what_stood_there(pool: Pool) -> None:
    tenant = uuid4()
    await store_message(pool, tenant, f"card {CARD}")
    await scan(pool)
    assert "4111" not in str(await rows(pool, tenant, "select * from messages"))


async def test_what_is_redacted_is_kept_only_if_the_rule_says_so(pool: Pool) -> None:
    ours, theirs = uuid4(), uuid4()
    await add_rule(pool, ours, PiiType.PHONE, PiiAction.REDACTED)
    rule = await add_rule(pool, theirs, PiiType.PHONE, PiiAction.REDACTED, keep_value=True)
    mine, other = await store_message(pool, ours, f"call {PHONE}"), await store_message(pool, theirs, f"call {PHONE}")
    await scan(pool)
    assert [await content_of(pool, each) for each in (mine, other)] == ["call [PHONE]"] * 2
    [gone], [kept] = await rows(pool, ours), await rows(pool, theirs)
    assert gone["detected_value"] is None
    assert await value_of(pool, theirs, kept) == PHONE
    assert kept["detection_rule_id"] == rule.id


async def test_a_rule_that_is_switched_off_finds_nothing(pool: Pool) -> None:
    tenant = uuid4()
    await add_rule(pool, tenant, PiiType.CREDIT_CARD, PiiAction.REDACTED, enabled=False)
    created = await store_message(pool, tenant, f"card {CARD}")
    assert await scan(pool) == 1
    assert await content_of(pool, created) == f"card {CARD}"
    assert await rows(pool, tenant) == []


async def test_a_pattern_of_a_tenant_finds_what_only_that_tenant_looks_for(pool: Pool) -> None:
    ours, theirs = uuid4(), uuid4()
    await add_rule(pool, ours, PiiType.OTHER, PiiAction.REDACTED, pattern=r"loyalty (\d{6})")
    mine, other = [await store_message(pool, tenant, "ñ loyalty 123456 please") for tenant in (ours, theirs)]
    await scan(pool)
    assert await content_of(pool, mine) == "ñ loyalty [OTHER] please"
    assert await content_of(pool, other) == "ñ loyalty 123456 please"


async def test_a_rule_for_a_language_leaves_messages_in_others_alone(pool: Pool) -> None:
    tenant = uuid4()
    await add_rule(pool, tenant, PiiType.PHONE, PiiAction.REDACTED, locale="es")
    created = await store_message(pool, tenant, f"call {PHONE}")
    await in_tenant(pool, tenant, lambda tx: tx.execute("update messages set language = 'en'"))
    await scan(pool)
    assert await content_of(pool, created) == f"call {PHONE}"


async def test_subjects_and_replies_are_scanned_as_well(pool: Pool) -> None:
    tenant = uuid4()
    created = await store_message(pool, tenant, "3 cs milk")
    parts = MessageParts(subject=f"card {CARD}", choice_id="yes").model_dump(mode="json")
    await in_tenant(pool, tenant, lambda tx: tx.execute("update messages set parts = $1", parts))
    reply = ReplyRequested(
        distributor_id=tenant,
        occurred_at=NOW,
        conversation_id=created.conversation_id,
        reply_id=uuid4(),
        content=f"we charged {CARD}",
        reply_to_message_id=None,
        order_session_id=None,
    )
    await consume(pool, "message_store", CONSUMES, arrived(reply))
    await scan(pool)
    theirs, ours = await rows(pool, tenant, "select content, parts from messages order by thread_position")
    assert theirs["parts"]["subject"] == "card [CREDIT_CARD]"
    assert theirs["parts"]["choice_id"] == "yes"
    assert ours["content"] == "we charged [CREDIT_CARD]"
    assert {row["field_name"] for row in await rows(pool, tenant)} == {"subject", "content"}


async def test_the_text_of_a_file_is_scanned_once_it_is_read(pool: Pool) -> None:
    tenant = uuid4()
    created = await store_message(pool, tenant, "see file")
    await in_tenant(
        pool,
        tenant,
        lambda tx: tx.execute(
            """
            insert into message_attachments
                   (distributor_id, message_id, conversation_id, place, kind, integration_id, channel, event_id, correlation_id)
            values ($1, $2, $3, 0, 'DOCUMENT', $4, 'WHATSAPP', $4, $4)
            """,
            tenant,
            created.message_id,
            created.conversation_id,
            INTEGRATION,
        ),
    )
    await in_tenant(pool, tenant, lambda tx: tx.execute("update messages set attachments = '[{}]'"))
    await scan(pool)
    await in_tenant(pool, tenant, lambda tx: tx.execute("update message_attachments set extracted_text = $1", f"2 cs eggs\ncard {CARD}"))
    assert await scan(pool) >= 1
    [file] = await rows(pool, tenant, "select id, extracted_text from message_attachments")
    [result] = await rows(pool, tenant)
    assert file["extracted_text"] == "2 cs eggs\ncard [CREDIT_CARD]"
    assert (result["field_name"], result["source_id"]) == ("extracted_text", file["id"])


async def amend(pool: Pool, tenant: UUID, external_id: str, text: str | None, minutes: int = 1) -> None:
    change = Amendment(tenant, INTEGRATION, external_id, text, NOW + timedelta(minutes=minutes))
    await in_tenant(pool, tenant, lambda tx: update_amended(tx, [change]))


async def test_a_changed_message_is_scanned_again_with_all_that_it_said(pool: Pool) -> None:
    tenant = uuid4()
    created = await store_message(pool, tenant, f"card {CARD}", external_id="wamid.1")
    await amend(pool, tenant, "wamid.1", f"no, call {PHONE}")
    await amend(pool, tenant, "wamid.1", f"card is {CARD} thanks", minutes=2)
    await scan(pool)
    assert await content_of(pool, created) == "card is [CREDIT_CARD] thanks"
    said_before = await rows(pool, tenant, "select content from message_revisions order by amended_at nulls first")
    assert [row["content"] for row in said_before] == ["card [CREDIT_CARD]", f"no, call {PHONE}", "card is [CREDIT_CARD] thanks"]
    found = [(row["field_name"], row["pii_type"]) for row in await rows(pool, tenant)]
    assert sorted(found) == [("content", "CREDIT_CARD"), ("revision", "CREDIT_CARD"), ("revision", "PHONE")]


async def test_what_was_found_in_a_text_that_changed_is_superseded(pool: Pool) -> None:
    tenant = uuid4()
    await store_message(pool, tenant, f"call {PHONE}", external_id="wamid.1")
    await scan(pool)
    await amend(pool, tenant, "wamid.1", "3 cs milk")
    await scan(pool)
    found = await rows(pool, tenant, "select field_name, superseded_at is not null as superseded from pii_detection_results order by 1")
    assert [tuple(row) for row in found] == [("content", True), ("revision", False)]


async def test_a_message_that_is_taken_back_keeps_its_findings_as_superseded(pool: Pool) -> None:
    tenant = uuid4()
    created = await store_message(pool, tenant, f"card {CARD}", external_id="wamid.1")
    await scan(pool)
    await amend(pool, tenant, "wamid.1", None)
    await scan(pool)
    assert await content_of(pool, created) == ""
    [row] = await rows(pool, tenant)
    assert row["superseded_at"] is not None


async def test_scanning_again_changes_and_tells_nothing(pool: Pool) -> None:
    tenant = uuid4()
    created = await store_message(pool, tenant, f"card {CARD}, call {PHONE}")
    await scan(pool)
    before = await rows(pool, tenant)
    await in_tenant(
        pool, tenant, lambda tx: tx.execute("insert into pii_scans (distributor_id, message_ids) values ($1, $2)", tenant, [created.message_id])
    )
    assert await scan(pool) == 1
    assert await rows(pool, tenant) == before
    assert len(await said(pool, tenant, PiiDetected)) == 1
    assert await scan(pool) == 0


async def test_a_process_that_dies_before_it_commits_leaves_everything_to_the_next(pool: Pool) -> None:
    tenant = uuid4()
    created = await store_message(pool, tenant, f"card {CARD}")
    async with postgres.worker_transaction(pool) as worker:
        queued = await queue_store.select_due(worker, AT_ONCE, 10, 10)

    async def die(tx: postgres.Transaction) -> None:
        assert await scan_queued(tx, nowhere().master_key, queued) == 1
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await in_tenant(pool, tenant, die)
    assert (await rows(pool, tenant), await said(pool, tenant, PiiDetected)) == ([], [])
    assert await content_of(pool, created) == f"card {CARD}"
    await scan(pool)
    assert len(await rows(pool, tenant)) == len(await said(pool, tenant, PiiDetected)) == 1


async def test_two_processes_do_not_scan_the_same(pool: Pool) -> None:
    tenants = [uuid4() for _ in range(5)]
    for tenant in tenants:
        await store_message(pool, tenant, f"card {CARD}")
    service = service_on(pool)
    counts = await asyncio.gather(*(scan_due(service) for _ in range(4)))
    assert sum(counts) + await scan(pool) >= len(tenants)
    for tenant in tenants:
        assert len(await rows(pool, tenant)) == len(await said(pool, tenant, PiiDetected)) == 1


async def test_a_text_that_changes_while_it_is_scanned_is_left_to_its_next_scan(pool: Pool) -> None:
    tenant = uuid4()
    created = await store_message(pool, tenant, f"card {CARD}")
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        [text] = await queue_store.select_texts(tx, {(tenant, created.message_id)})
        await in_tenant(pool, tenant, lambda other: other.execute("update messages set content = 'forget it'"))
        changed = await queue_store.update_texts(
            tx,
            [
                {
                    "distributor_id": tenant,
                    "message_id": created.message_id,
                    "field_name": text.field_name,
                    "source_id": None,
                    "before": text.text,
                    "after": "card [CREDIT_CARD]",
                }
            ],
        )
    assert changed == set()
    assert await content_of(pool, created) == "forget it"


async def test_one_row_of_the_queue_holds_all_messages_of_a_tenant_that_were_stored_together(pool: Pool) -> None:
    tenant = uuid4()
    await consume(pool, "message_store", CONSUMES, *(received(tenant, f"call {PHONE}") for _ in range(7)))
    [row] = await rows(pool, tenant, "select cardinality(message_ids) as messages from pii_scans")
    assert row["messages"] == 7
    assert await scan(pool) == 7
    assert len(await rows(pool, tenant)) == 7


async def test_what_is_due_is_limited_by_rows_and_by_messages(pool: Pool) -> None:
    for tenant in [uuid4() for _ in range(4)]:
        await consume(pool, "message_store", CONSUMES, *(received(tenant) for _ in range(3)))
    async with postgres.worker_transaction(pool) as worker:
        assert len(await queue_store.select_due(worker, AT_ONCE, 10, 4)) == 2
        assert len(await queue_store.select_due(worker, AT_ONCE, 3, 100)) == 3
        assert len(await queue_store.select_due(worker, AT_ONCE, 10, 1)) == 1


async def test_while_more_comes_than_is_stored_only_what_has_waited_for_long_is_scanned(pool: Pool) -> None:
    old, new = uuid4(), uuid4()
    for tenant in (old, new):
        await store_message(pool, tenant, f"card {CARD}")
    await in_tenant(pool, old, lambda tx: tx.execute("update pii_scans set created_at = now() - $1::interval", WHILE_FLOODED))
    service = service_on(pool)
    service.consumer = Consumer("message_store", service.settings, {}, pool, asyncio.Event(), service.wake)
    service.consumer.flooded = True
    assert await scan_due(service) == 1
    assert await scan_due(service) == 0
    assert [len(await rows(pool, tenant)) for tenant in (old, new)] == [1, 0]
    service.consumer.flooded = False
    assert await scan_due(service) >= 1
    assert len(await rows(pool, new)) == 1
