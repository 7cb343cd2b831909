"""Rules, findings and the queue: each tenant's own."""

from base64 import b64encode
from typing import Any
from uuid import UUID, uuid4

import pytest_asyncio

from libs import keyring, postgres
from libs.postgres import Pool
from schemas.pii_detected import PiiAction, PiiType
from services.message_store.pii import queue_store, results_store, rules_store
from services.message_store.pii.domain import Field
from services.message_store.pii.rules import Rule
from services.message_store.pii.scan_due import AT_ONCE
from tests.conftest import NewPool
from tests.consuming import nowhere
from tests.message_store.pii import CARD, PHONE, add_rule, content_of, in_tenant, rows, scan, store_message

NEW = Rule(name="theirs", pii_type=PiiType.EMAIL, min_confidence=0.9, action=PiiAction.REDACTED, enabled=False)


@pytest_asyncio.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A fresh database of message_store."""
    return await new_pool("message_store")


async def test_a_rule_is_read_changed_and_deleted_by_its_own_tenant_alone(pool: Pool) -> None:
    ours, theirs = uuid4(), uuid4()
    rule = await add_rule(pool, ours, PiiType.PHONE, PiiAction.REDACTED)
    assert rule.id
    rule_id = rule.id
    for caller in (ours, theirs):
        async with postgres.tenant_transaction(pool, [theirs]) as tx:
            assert await rules_store.select_rule(tx, caller, rule_id) is None
            assert await rules_store.select_rules_of(tx, [caller]) == {}
            assert await rules_store.count_rules(tx, caller) == 0
            assert await rules_store.update_rule(tx, caller, rule_id, 1, NEW) is None
            assert not await rules_store.delete_rule(tx, caller, rule_id)
    async with postgres.tenant_transaction(pool, [ours, theirs]) as tx:
        assert await rules_store.select_rules_of(tx, [ours, theirs]) == {ours: [rule]}
        changed = await rules_store.update_rule(tx, ours, rule_id, 1, NEW)
        assert changed
        assert (changed.name, changed.version, changed.enabled) == ("theirs", 2, False)
        assert await rules_store.update_rule(tx, ours, rule_id, 1, NEW) is None
        assert await rules_store.count_rules(tx, ours) == 1
        assert await rules_store.delete_rule(tx, ours, rule_id)
        assert not await rules_store.delete_rule(tx, ours, rule_id)


async def test_the_newest_texts_are_those_of_the_tenant(pool: Pool) -> None:
    ours, theirs = uuid4(), uuid4()
    for text in ("first", "second"):
        await store_message(pool, ours, text)
    async with postgres.tenant_transaction(pool, [theirs]) as tx:
        assert await rules_store.select_newest_texts(tx, ours, 5) == []
    async with postgres.tenant_transaction(pool, [ours]) as tx:
        assert await rules_store.select_newest_texts(tx, ours, 1) == [("simple", "second")]


async def finding(pool: Pool, tenant: UUID) -> results_store.Result:
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        [found] = await results_store.select_results(tx, tenant, pii_type=None, reviewed=None, message_id=None, before=None, limit=10)
    return found


async def test_a_finding_is_read_and_reviewed_by_its_own_tenant_alone(pool: Pool) -> None:
    ours, theirs, user = uuid4(), uuid4(), uuid4()
    await store_message(pool, ours, f"card {CARD}")
    await scan(pool)
    found = await finding(pool, ours)
    before = await rows(pool, ours)
    for caller in (ours, theirs):
        async with postgres.tenant_transaction(pool, [theirs]) as tx:
            assert await results_store.select_results(tx, caller, pii_type=None, reviewed=None, message_id=None, before=None, limit=10) == []
            assert await results_store.lock_result(tx, caller, found.id) is None
            assert await results_store.select_value(tx, caller, found.id) is None
            assert await results_store.update_reviewed(tx, caller, found.id, user, false_positive=True) is None
            assert await results_store.select_hashes(tx, {(caller, found.message_id)}) == {}
            await results_store.update_restored(tx, caller, found, 7, b"other")
            await results_store.supersede(tx, [(caller, found.message_id, Field.CONTENT, None)])
    assert await rows(pool, ours) == before
    async with postgres.tenant_transaction(pool, [ours]) as tx:
        reviewed = await results_store.update_reviewed(tx, ours, found.id, user, false_positive=True)
        assert reviewed
        assert (reviewed.reviewed, reviewed.is_false_positive, reviewed.reviewed_by) == (True, True, user)
        await results_store.update_restored(tx, ours, found, 7, b"other")
        assert await results_store.select_hashes(tx, {(ours, found.message_id)}) == {(ours, found.message_id, Field.CONTENT, None): b"other"}
        await results_store.supersede(tx, [(ours, found.message_id, Field.CONTENT, None)])
        assert await results_store.select_hashes(tx, {(ours, found.message_id)}) == {}


async def test_a_finding_is_written_once_and_into_no_other_tenant(pool: Pool) -> None:
    ours, theirs = uuid4(), uuid4()
    created = await store_message(pool, ours, "3 cs milk")
    result: dict[str, Any] = {
        "distributor_id": ours,
        "id": uuid4(),
        "message_id": created.message_id,
        "field_name": "content",
        "source_id": None,
        "pii_type": "PHONE",
        "start_offset": 0,
        "end_offset": 4,
        "detected_value": None,
        "confidence_score": 0.5,
        "recognizer": "phone_number",
        "detection_rule_id": None,
        "action_taken": "REDACTED",
        "text_hash": b64encode(b"hash").decode(),
    }
    async with postgres.tenant_transaction(pool, [ours]) as tx:
        assert await results_store.insert_results(tx, [result]) == {result["id"]}
        assert await results_store.insert_results(tx, [result | {"id": uuid4()}]) == set()
    refused = ""
    try:
        await in_tenant(pool, theirs, lambda tx: results_store.insert_results(tx, [result | {"id": uuid4(), "text_hash": "AAAA"}]))
    except postgres.asyncpg.InsufficientPrivilegeError as error:
        refused = str(error)
    assert "row-level security" in refused


async def test_findings_are_paged_and_filtered(pool: Pool) -> None:
    tenant = uuid4()
    created = [await store_message(pool, tenant, text) for text in (f"card {CARD}", f"call {PHONE}", "write to a@example.com")]
    await scan(pool)

    async def page(**more: Any) -> list[str]:
        wanted: dict[str, Any] = {"pii_type": None, "reviewed": None, "message_id": None, "before": None, "limit": 10} | more
        async with postgres.tenant_transaction(pool, [tenant]) as tx:
            return [each.pii_type for each in await results_store.select_results(tx, tenant, **wanted)]

    everything = await page()
    assert sorted(everything) == ["CREDIT_CARD", "EMAIL", "PHONE"]
    assert await page(pii_type=PiiType.PHONE) == ["PHONE"]
    assert await page(message_id=created[0].message_id) == ["CREDIT_CARD"]
    assert await page(reviewed=True) == []
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        [first] = await results_store.select_results(tx, tenant, pii_type=None, reviewed=None, message_id=None, before=None, limit=1)
    assert await page(before=(first.created_at, first.id)) == everything[1:]


async def test_the_queue_and_the_texts_are_those_of_the_tenants_in_the_transaction(pool: Pool) -> None:
    ours, theirs = uuid4(), uuid4()
    created = await store_message(pool, ours, f"card {CARD}")
    message = (ours, created.message_id)
    change = {
        "distributor_id": ours,
        "message_id": created.message_id,
        "field_name": "content",
        "source_id": None,
        "before": f"card {CARD}",
        "after": "gone",
    }
    async with postgres.worker_transaction(pool) as worker:
        queued = await queue_store.select_due(worker, AT_ONCE, 10, 10)
    async with postgres.tenant_transaction(pool, [theirs]) as tx:
        assert await queue_store.delete_queued(tx, queued) == set()
        assert await queue_store.select_texts(tx, {message}) == []
        assert await queue_store.update_texts(tx, [change]) == set()
    assert await content_of(pool, created) == f"card {CARD}"
    async with postgres.tenant_transaction(pool, [ours]) as tx:
        assert await queue_store.delete_queued(tx, queued) == {message}
        assert [text.text for text in await queue_store.select_texts(tx, {message})] == [f"card {CARD}"]
        assert await queue_store.update_texts(tx, [change]) == {(*message, Field.CONTENT, None)}


async def test_values_of_many_tenants_are_sealed_with_each_ones_own_key(pool: Pool) -> None:
    ours, theirs = uuid4(), uuid4()
    key = nowhere().master_key
    async with postgres.tenant_transaction(pool, [ours, theirs]) as tx:
        await keyring.seal(tx, key, ours, b"first", "place")
        sealers = await keyring.sealers(tx, key, [ours, theirs])
        sealed = {tenant: sealers[tenant](b"value", "place") for tenant in (ours, theirs)}
        assert [await keyring.unseal(tx, key, tenant, sealed[tenant], "place") for tenant in (ours, theirs)] == [b"value"] * 2
    async with postgres.tenant_transaction(pool, [theirs]) as tx:
        assert set(await keyring.select_active_keys(tx, [ours, theirs])) == {theirs}
