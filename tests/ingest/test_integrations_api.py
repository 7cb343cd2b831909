"""Owners connect, change and disconnect their accounts at providers."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from libs import postgres
from libs.auth import Role
from schemas.integration_changed import IntegrationStatus
from tests.conftest import NewPool
from tests.ingest.integrations import GATEWAY, META, OF_EACH_PROVIDER, PATH, TOKEN, TWILIO, Api, served


@pytest_asyncio.fixture
async def api(new_pool: NewPool) -> AsyncIterator[Api]:
    """The API on a free port."""
    async with served(await new_pool("ingest")) as running:
        yield running


@pytest.fixture
def tenant() -> UUID:
    """A tenant of this test's own."""
    return uuid4()


@pytest.mark.parametrize("wanted", OF_EACH_PROVIDER, ids=lambda each: each["provider"])
async def test_an_account_of_each_provider_is_connected_sealed_and_told(wanted: dict[str, Any], api: Api, tenant: UUID) -> None:
    created = await api.connect(tenant, wanted)

    assert created["external_account_id"] == wanted["external_account_id"].lower()
    assert (created["status"], created["integration_type"], created["version"]) == ("ACTIVE", "MESSAGING", 1)
    assert created["capabilities"] == ["receive", "send"]
    assert created["has_credentials"]
    assert created["config"] == wanted.get("config", {})
    assert json.loads(await api.opened(tenant, created["id"], "credentials")) == wanted["credentials"]
    assert await api.opened(tenant, created["id"], "webhook_secret") == created["webhook_secret"]

    (event,) = await api.told(tenant)
    assert (str(event.integration_id), event.provider, event.channel) == (created["id"], wanted["provider"], created["channel"])
    assert (event.external_account_id, event.status, event.deleted) == (created["external_account_id"], IntegrationStatus.ACTIVE, False)
    assert event.config == created["config"]
    told = {"webhook_secret": created["webhook_secret"]} if wanted is GATEWAY else wanted["credentials"]
    assert api.credentials_in(event) == told


async def test_the_address_for_the_provider_follows_from_the_public_one(api: Api, tenant: UUID) -> None:
    meta, twilio = await api.connect(tenant, META), await api.connect(tenant, TWILIO)
    assert meta["webhook_url"] == "https://hooks.comanda.example/webhooks/whatsapp"
    assert twilio["webhook_url"] == f"https://hooks.comanda.example/webhooks/twilio/{twilio['id']}"
    assert (await api.call("GET", f"{PATH}/{twilio['id']}", tenant)).body["webhook_url"] == twilio["webhook_url"]
    assert (await api.row(tenant, twilio["id"]))["webhook_url"] == twilio["webhook_url"]


async def test_the_same_request_twice_connects_once_and_answers_the_same(api: Api, tenant: UUID) -> None:
    first, second = [await api.call("POST", PATH, tenant, META, key="k-1") for _ in range(2)]
    assert (first.status, first.body) == (second.status, second.body)
    assert first.body["webhook_secret"]
    assert second.headers["Idempotent-Replayed"] == "true"
    assert (await api.call("POST", PATH, tenant, META | {"display_name": "Other"}, key="k-1")).status == 422
    assert (await api.call("POST", PATH, tenant, TWILIO, key="")).status == 400
    assert len(await api.told(tenant)) == 1


async def test_requests_for_the_same_account_at_the_same_time_connect_it_once(api: Api) -> None:
    tenants = [uuid4() for _ in range(6)]
    answers = await asyncio.gather(*(api.call("POST", PATH, each, META) for each in tenants))
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409, 409, 409]
    assert sum([len(await api.told(each)) for each in tenants]) == 1


async def test_an_account_that_another_tenant_has_is_refused_without_a_word_on_whose_it_is(api: Api, tenant: UUID) -> None:
    other = uuid4()
    theirs = await api.connect(other, META, display_name="Secret Foods Inc")
    taken = await api.call("POST", PATH, tenant, META)
    own = await api.call("POST", PATH, other, META)
    assert (taken.status, own.status) == (409, 409)
    assert taken.body == own.body
    assert not [word for word in (str(other), theirs["id"], "Secret Foods") if word in taken.problem]
    assert await api.told(tenant) == []


async def test_another_tenants_integration_is_not_there(api: Api, tenant: UUID) -> None:
    created = await api.connect(tenant)
    path = f"{PATH}/{created['id']}"
    for method, body in (("GET", None), ("PATCH", {"display_name": "Mine"}), ("DELETE", None)):
        answer = await api.call(method, path, uuid4(), body)
        assert (answer.status, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert (await api.call("GET", PATH, uuid4())).body == {"items": [], "next": None}
    assert (await api.call("GET", path, tenant)).body["display_name"] == "Orders"
    assert len(await api.told(tenant)) == 1


async def test_operators_and_managers_read_and_only_admins_write(api: Api, tenant: UUID) -> None:
    created = await api.connect(tenant)
    path = f"{PATH}/{created['id']}"
    for role in (Role.OPERATOR, Role.MANAGER):
        assert (await api.call("GET", path, tenant, role=role)).status == 200
        assert (await api.call("GET", PATH, tenant, role=role)).status == 200
        for method, where, body in (("POST", PATH, TWILIO), ("PATCH", path, {"status": "INACTIVE"}), ("DELETE", path, None)):
            assert (await api.call(method, where, tenant, body, role=role)).status == 403
    assert (await api.call("PATCH", path, tenant, {"display_name": "Owner's"}, role=Role.OWNER)).status == 200
    for method, where in (("POST", PATH), ("GET", PATH), ("GET", path), ("PATCH", path), ("DELETE", path)):
        assert (await api.call(method, where, None, TWILIO)).status == 401


async def test_what_is_left_out_of_a_change_stays(api: Api, tenant: UUID) -> None:
    created = await api.connect(tenant)
    answer = await api.call("PATCH", f"{PATH}/{created['id']}", tenant, {"config": {"messages_per_second": None, "template": None}})
    assert (answer.status, answer.body["config"], answer.body["display_name"]) == (200, {}, "Orders")
    assert answer.body["has_credentials"]
    assert answer.body["webhook_secret"] is None
    answer = await api.call("PATCH", f"{PATH}/{created['id']}", tenant, {"display_name": "New", "provider_version": "v23.0"})
    assert (answer.body["display_name"], answer.body["provider_version"], answer.body["version"]) == ("New", "v23.0", 3)
    assert await api.opened(tenant, created["id"], "webhook_secret") == created["webhook_secret"]
    last = (await api.told(tenant))[-1]
    assert (last.config, api.credentials_in(last)) == ({}, {"access_token": TOKEN})


async def test_a_paused_integration_stays_paused_until_it_is_made_active(api: Api, tenant: UUID) -> None:
    created = await api.connect(tenant, status="INACTIVE")
    path = f"{PATH}/{created['id']}"
    assert created["status"] == "INACTIVE"
    assert (await api.call("PATCH", path, tenant, {"display_name": "Paused"})).body["status"] == "INACTIVE"
    assert (await api.call("PATCH", path, tenant, {"status": "ACTIVE"})).body["status"] == "ACTIVE"
    assert [event.status for event in await api.told(tenant)] == ["INACTIVE", "INACTIVE", "ACTIVE"]


async def test_who_has_an_older_version_in_hand_changes_nothing(api: Api, tenant: UUID) -> None:
    created = await api.call("POST", PATH, tenant, META)
    path, first = f"{PATH}/{created.body['id']}", created.headers["ETag"]
    assert (await api.call("GET", path, tenant)).headers["ETag"] == first
    changed = await api.call("PATCH", path, tenant, {"display_name": "One"}, match=first)
    assert (changed.status, changed.headers["ETag"] != first) == (200, True)

    for method in ("PATCH", "DELETE"):
        stale = await api.call(method, path, tenant, {"display_name": "Two"}, match=first)
        assert (stale.status, changed.headers["ETag"] in stale.body["detail"]) == (412, True)
    assert (await api.call("GET", path, tenant)).body["display_name"] == "One"
    assert len(await api.told(tenant)) == 2
    assert (await api.call("PATCH", path, tenant, {"display_name": "Three"}, match=f'"99", {changed.headers["ETag"]}')).status == 200
    assert (await api.call("DELETE", path, tenant, match="*")).status == 204


async def test_of_changes_at_the_same_time_from_the_same_version_one_is_made(api: Api, tenant: UUID) -> None:
    created = await api.call("POST", PATH, tenant, META)
    path, first = f"{PATH}/{created.body['id']}", created.headers["ETag"]
    answers = await asyncio.gather(*(api.call("PATCH", path, tenant, {"display_name": f"N{n}"}, match=first) for n in range(5)))
    assert sorted(answer.status for answer in answers) == [200, 412, 412, 412, 412]


async def test_an_unused_integration_is_deleted_and_its_account_is_free(api: Api, tenant: UUID) -> None:
    created = await api.connect(tenant)
    assert (await api.call("DELETE", f"{PATH}/{created['id']}", tenant)).status == 204
    assert (await api.call("GET", f"{PATH}/{created['id']}", tenant)).status == 404
    assert (await api.call("DELETE", f"{PATH}/{created['id']}", tenant)).status == 404
    last = (await api.told(tenant))[-1]
    assert (last.deleted, last.sealed_credentials) == (True, None)
    await api.connect(uuid4())


@pytest.mark.parametrize(
    "reference",
    [
        "insert into inbound_receipts (distributor_id, integration_id, external_id, raw_hash, raw, outcome) values ($1, $2, 'm', '', '', 'ACCEPTED')",
        "insert into webhook_tokens (distributor_id, integration_id, token) values ($1, $2, 't')",
    ],
)
async def test_an_integration_that_something_came_in_by_stays_inactive_and_without_secrets(reference: str, api: Api, tenant: UUID) -> None:
    created = await api.connect(tenant)
    async with postgres.tenant_transaction(api.pool, [tenant]) as tx:
        await tx.execute(reference, tenant, UUID(created["id"]))

    assert (await api.call("DELETE", f"{PATH}/{created['id']}", tenant)).status == 204

    left = (await api.call("GET", f"{PATH}/{created['id']}", tenant)).body
    assert (left["status"], left["has_credentials"]) == ("INACTIVE", False)
    row = await api.row(tenant, created["id"])
    assert (row["credentials"], row["webhook_secret"]) == (None, None)
    last = (await api.told(tenant))[-1]
    assert (last.status, last.deleted, last.sealed_credentials) == (IntegrationStatus.INACTIVE, False, None)


async def test_pages_follow_each_other_without_a_gap(api: Api, tenant: UUID) -> None:
    made = {(await api.connect(tenant, META, external_account_id=f"1555000{n:04}"))["id"] for n in range(5)}
    found: list[str] = []
    cursor = ""
    while True:
        page = (await api.call("GET", f"{PATH}?limit=2{cursor}", tenant)).body
        found += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert (len(found), set(found)) == (5, made)
    for limit in ("0", "201", "x"):
        assert (await api.call("GET", f"{PATH}?limit={limit}", tenant)).status == 422


@pytest.mark.parametrize("url", ["http://pbx.example.com/", "https://10.0.0.1/replies", "https://user@pbx.example.com/", "pbx.example.com"])
async def test_an_address_for_replies_that_may_never_be_called_is_refused(api: Api, tenant: UUID, url: str) -> None:
    for method, path, wanted in (
        ("POST", PATH, GATEWAY | {"config": {"reply_url": url}}),
        ("PATCH", f"{PATH}/{(await api.connect(tenant, GATEWAY))['id']}", {"config": {"reply_url": url}}),
    ):
        answer = await api.call(method, path, tenant, wanted)
        assert (answer.status, "reply_url" in answer.body["detail"]) == (422, True)
