"""Staff see what was found, admins its values; what was no personal data is put back."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from libs import auth
from libs.auth import Role
from libs.postgres import Pool
from schemas.pii_detected import PiiAction, PiiType
from services.message_store.pii.api import router
from tests.conftest import NewPool
from tests.consuming import nowhere
from tests.message_store.pii import CARD, PHONE, add_rule, content_of, in_tenant, rows, scan, store_message
from tests.serving import Answer, Api, serving

RULE: dict[str, Any] = {"name": "loyalty", "pii_type": "OTHER", "pattern": r"loyalty (\d{6})", "action": "REDACTED", "keep_value": True}


@pytest_asyncio.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A fresh database of message_store."""
    return await new_pool("message_store")


@pytest_asyncio.fixture
async def api(pool: Pool) -> AsyncIterator[Api]:
    """The routes of personal data."""
    async with serving("message_store", pool, nowhere(), router) as running:
        yield running


async def findings(api: Api, query: str = "") -> list[dict[str, Any]]:
    answer = await api.call("GET", f"/v1/pii/findings{query}", role=Role.MANAGER)
    assert answer.status == 200
    return answer.body["items"]


async def review(api: Api, finding: dict[str, Any], *, false_positive: bool, key: str | None = None) -> Answer:
    return await api.call("POST", f"/v1/pii/findings/{finding['id']}/review", json={"false_positive": false_positive}, key=key, role=Role.MANAGER)


async def change(api: Api, method: str, path: str, body: object = None, if_match: str | None = None, role: Role = Role.ADMIN) -> Answer:
    headers = {"Authorization": f"Bearer {auth.issue(api.settings, api.distributor_id, role)}"} | ({"If-Match": if_match} if if_match else {})
    async with api.session.request(method, path, json=body, headers=headers) as response:
        return Answer(
            response.status, await response.json() if response.content_length != 0 and response.status != 204 else None, dict(response.headers)
        )


async def test_findings_are_shown_without_their_values(api: Api, pool: Pool) -> None:
    created = await store_message(pool, api.distributor_id, f"card {CARD}, call {PHONE}")
    await store_message(pool, uuid4(), f"card {CARD}")
    await scan(pool)
    found = await findings(api)
    assert {each["pii_type"] for each in found} == {"CREDIT_CARD", "PHONE"}
    assert "4111" not in str(found)
    assert PHONE not in str(found)
    assert [each["pii_type"] for each in await findings(api, "?type=PHONE")] == ["PHONE"]
    assert len(await findings(api, f"?message_id={created.message_id}&reviewed=false")) == 2
    assert await findings(api, f"?message_id={uuid4()}") == []


async def test_findings_are_paged(api: Api, pool: Pool) -> None:
    for _ in range(3):
        await store_message(pool, api.distributor_id, f"call {PHONE}")
    await scan(pool)
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        body = (await api.call("GET", f"/v1/pii/findings?limit=2{cursor}", role=Role.MANAGER)).body
        seen += [each["id"] for each in body["items"]]
        cursor = f"&cursor={body['next']}" if body["next"] else None
    assert len(seen) == len(set(seen)) == 3
    assert (await api.call("GET", "/v1/pii/findings?cursor=bm9uc2Vuc2U=", role=Role.MANAGER)).status == 400


async def test_a_value_is_shown_to_admins_of_its_tenant_alone(api: Api, pool: Pool) -> None:
    await store_message(pool, api.distributor_id, f"card {CARD}")
    await scan(pool)
    [found] = await findings(api)
    path = f"/v1/pii/findings/{found['id']}/value"
    answer = await api.call("GET", path, role=Role.ADMIN)
    assert (answer.status, answer.body, answer.headers["Cache-Control"]) == (200, {"value": CARD}, "private, no-store")
    assert (await api.call("GET", path, role=Role.MANAGER)).status == 403
    assert (await api.call("GET", path, role=None)).status == 401
    assert (await api.call("GET", path, tenant=uuid4())).status == 404
    assert (await api.call("GET", "/v1/pii/findings", role=Role.OPERATOR)).status == 403


async def test_a_value_that_was_not_kept_cannot_be_shown(api: Api, pool: Pool) -> None:
    await add_rule(pool, api.distributor_id, PiiType.CREDIT_CARD, PiiAction.REDACTED)
    created = await store_message(pool, api.distributor_id, f"card {CARD}")
    await scan(pool)
    [found] = await findings(api)
    assert (await api.call("GET", f"/v1/pii/findings/{found['id']}/value")).status == 409
    answer = await review(api, found, false_positive=True)
    assert (answer.status, answer.body["restored"]) == (200, False)
    assert await content_of(pool, created) == "card [CREDIT_CARD]"


async def test_a_false_positive_is_put_back_once_and_is_not_masked_again(api: Api, pool: Pool) -> None:
    text = f"lot {CARD}, lot 5500 0055 5555 5559, call {PHONE}"
    created = await store_message(pool, api.distributor_id, text)
    await scan(pool)
    assert await content_of(pool, created) == f"lot [CREDIT_CARD], lot [CREDIT_CARD], call {PHONE}"
    first = min((each for each in await findings(api, "?type=CREDIT_CARD")), key=lambda each: each["start_offset"])
    answer = await review(api, first, false_positive=True, key="one")
    assert (answer.status, answer.body["restored"], answer.body["result"]["is_false_positive"]) == (200, True, True)
    again = await review(api, first, false_positive=True, key="one")
    assert (again.body, again.headers["idempotent-replayed"]) == (answer.body, "true")
    assert (await review(api, first, false_positive=True)).body["restored"] is False
    expected = f"lot {CARD}, lot [CREDIT_CARD], call {PHONE}"
    assert await content_of(pool, created) == expected
    assert await scan(pool) >= 1
    assert await content_of(pool, created) == expected
    stand = {each["id"]: expected[each["start_offset"] : each["end_offset"]] for each in await findings(api)}
    assert sorted(stand.values()) == sorted([CARD, "[CREDIT_CARD]", PHONE])
    second = next(each for each in await findings(api, "?type=CREDIT_CARD") if each["id"] != first["id"])
    assert (await review(api, second, false_positive=True)).body["restored"] is True
    assert await content_of(pool, created) == text


async def test_a_finding_that_was_right_stays_masked(api: Api, pool: Pool) -> None:
    created = await store_message(pool, api.distributor_id, f"card {CARD}")
    await scan(pool)
    [found] = await findings(api)
    answer = await review(api, found, false_positive=False)
    assert (answer.body["result"]["reviewed"], answer.body["result"]["is_false_positive"]) == (True, False)
    assert await content_of(pool, created) == "card [CREDIT_CARD]"
    assert await findings(api, "?reviewed=false") == []
    assert (await review(api, found, false_positive=True)).body["restored"] is True
    assert (await review(api, found, false_positive=False)).status == 409


async def test_nothing_is_put_back_into_a_text_that_was_changed_since(api: Api, pool: Pool) -> None:
    created = await store_message(pool, api.distributor_id, f"card {CARD}")
    await scan(pool)
    [found] = await findings(api)
    await in_tenant(pool, api.distributor_id, lambda tx: tx.execute("update messages set content = 'forget what I said'"))
    assert (await review(api, found, false_positive=True)).body["restored"] is False
    assert await content_of(pool, created) == "forget what I said"


async def test_another_tenants_finding_is_not_there_to_be_reviewed(api: Api, pool: Pool) -> None:
    theirs = uuid4()
    await store_message(pool, theirs, f"card {CARD}")
    await scan(pool)
    [row] = await rows(pool, theirs)
    assert (await review(api, {"id": row["id"]}, false_positive=True)).status == 404
    assert await rows(pool, theirs) == [row]


async def test_rules_are_made_changed_and_deleted(api: Api, pool: Pool) -> None:
    made = await api.call("POST", "/v1/pii/rules", json=RULE, key="k", role=Role.ADMIN)
    assert made.status == 201
    assert (await api.call("POST", "/v1/pii/rules", json=RULE, key="k")).body == made.body
    assert (await api.call("POST", "/v1/pii/rules", json=RULE | {"name": "x"}, key="k")).status == 422
    path = f"/v1/pii/rules/{made.body['id']}"
    assert (await change(api, "PUT", path, RULE | {"enabled": False}, '"7"')).status == 412
    changed = await change(api, "PUT", path, RULE | {"enabled": False}, '"1"')
    assert (changed.status, changed.body["version"], changed.headers["Etag"]) == (200, 2, '"2"')
    shown = await api.call("GET", "/v1/pii/rules", role=Role.MANAGER)
    assert [rule["id"] for rule in shown.body["items"]].count(None) == len(shown.body["items"]) - 1
    assert (await api.call("GET", path)).body == changed.body
    assert (await change(api, "DELETE", path)).status == 204
    assert (await change(api, "DELETE", path)).status == 404
    assert (await api.call("GET", path)).status == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"pattern": "("},
        {"pattern": "a*"},
        {"pattern": None},
        {"pattern": "x" * 501},
        {"recognizer": "phone_number"},
        {"action": "NOTHING"},
        {"min_confidence": 2},
        {"pii_type": "SHOE_SIZE"},
        {"version": 3},
    ],
)
async def test_a_rule_that_makes_no_sense_is_refused(api: Api, pool: Pool, wrong: dict[str, Any]) -> None:
    assert (await api.call("POST", "/v1/pii/rules", json=RULE | wrong)).status == 422
    assert await rows(pool, api.distributor_id, "select * from pii_detection_rules") == []


async def test_only_admins_make_rules_and_only_in_their_tenant(api: Api, pool: Pool) -> None:
    assert (await api.call("POST", "/v1/pii/rules", json=RULE, role=Role.MANAGER)).status == 403
    rule = await add_rule(pool, uuid4(), PiiType.PHONE, PiiAction.REDACTED)
    path = f"/v1/pii/rules/{rule.id}"
    assert (await api.call("GET", path)).status == 404
    assert (await change(api, "PUT", path, RULE, "*")).status == 404
    assert (await change(api, "DELETE", path)).status == 404


async def test_a_dry_run_tells_numbers_and_changes_nothing(api: Api, pool: Pool) -> None:
    created = await store_message(pool, api.distributor_id, "loyalty 123456 and loyalty 654321")
    await store_message(pool, api.distributor_id, "3 cs milk")
    await store_message(pool, uuid4(), "loyalty 111111")
    answer = await api.call("POST", "/v1/pii/rules/dry-run", json={"rule": RULE, "last": 100})
    assert (answer.status, answer.body) == (200, {"messages": 2, "messages_with_findings": 1, "findings": {"OTHER": 2}})
    assert (await api.call("POST", "/v1/pii/rules/dry-run", json={"rule": RULE, "last": 1})).body["messages"] == 1
    assert await content_of(pool, created) == "loyalty 123456 and loyalty 654321"
    assert await rows(pool, api.distributor_id) == []
