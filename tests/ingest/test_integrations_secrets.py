"""The secrets of an integration: sealed where they are kept and on their way, shown once or never."""

import io
import json
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import redirect_stderr, redirect_stdout
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
import structlog

from libs import postgres
from libs.channels import gateway
from schemas.integration_changed import IntegrationStatus, Provider
from tests.conftest import NewPool
from tests.ingest.integrations import GATEWAY, META, OF_EACH_PROVIDER, PATH, POSTMARK, TWILIO, Api, served


@pytest_asyncio.fixture
async def api(new_pool: NewPool) -> AsyncIterator[Api]:
    """The API on a free port."""
    async with served(await new_pool("ingest")) as running:
        yield running


@pytest.fixture
def tenant() -> UUID:
    """A tenant of this test's own."""
    return uuid4()


async def test_a_gateways_secret_is_one_that_it_can_sign_with(api: Api, tenant: UUID) -> None:
    created = await api.connect(tenant, GATEWAY)
    assert created["webhook_secret"].startswith(gateway.SECRET_PREFIX)
    assert len(b64decode(created["webhook_secret"].removeprefix(gateway.SECRET_PREFIX), validate=True)) == 32


async def test_whoever_sends_by_a_gateway_is_told_the_secret_that_both_sides_sign_with(api: Api, tenant: UUID) -> None:
    created = await api.connect(tenant, GATEWAY, config={"reply_url": "https://pbx.example.com/replies"})
    changed = await api.call("PATCH", f"{PATH}/{created['id']}", tenant, {"webhook_secret": None})
    first, second = await api.told(tenant)
    assert first.config == {"reply_url": "https://pbx.example.com/replies"}
    assert api.credentials_in(first) == {"webhook_secret": created["webhook_secret"]}
    assert api.credentials_in(second) == {"webhook_secret": changed.body["webhook_secret"]}
    assert changed.body["webhook_secret"] != created["webhook_secret"]


async def test_no_answer_but_the_first_shows_a_secret(api: Api, tenant: UUID) -> None:
    created = [await api.connect(tenant, wanted) for wanted in OF_EACH_PROVIDER]
    secrets = {each["webhook_secret"] for each in created} | {
        value for wanted in OF_EACH_PROVIDER for value in wanted["credentials"].values() if value != "mg.harbor.example"
    }
    listed = await api.call("GET", PATH, tenant)
    answers = [listed, *[await api.call("GET", f"{PATH}/{each['id']}", tenant) for each in created]]
    answers += [await api.call("PATCH", f"{PATH}/{each['id']}", tenant, {"display_name": "Renamed"}) for each in created]

    assert len(listed.body["items"]) == len(OF_EACH_PROVIDER)
    assert {answer.status for answer in answers} == {200}
    assert all(each["credentials"] for each in OF_EACH_PROVIDER[:5])
    assert [secret for secret in secrets for answer in answers if secret in json.dumps(answer.body)] == []


async def test_no_secret_is_kept_told_or_logged_in_the_clear(api: Api, tenant: UUID) -> None:
    secrets: list[str] = []
    written = io.StringIO()
    with structlog.testing.capture_logs() as logs, redirect_stdout(written), redirect_stderr(written):
        for wanted in OF_EACH_PROVIDER:
            created = await api.connect(tenant, wanted)
            secrets += [created["webhook_secret"], *[value for value in wanted["credentials"].values() if value != "mg.harbor.example"]]
            bad = {"credentials": {"access_token": "not\x00printable", "hidden": "hidden-value"}}
            answer = await api.call("PATCH", f"{PATH}/{created['id']}", tenant, bad)
            assert answer.status == 422
            assert "hidden-value" not in answer.problem
            await api.call("PATCH", f"{PATH}/{created['id']}", tenant, {"credentials": wanted["credentials"]})
    tables = ("external_integrations", "outbox", "outbox_sequences", "idempotency_keys", "encryption_keys")
    async with postgres.tenant_transaction(api.pool, [tenant]) as tx:
        rows = [dict(row) for table in tables for row in await tx.fetch(f"select * from {table}")]
    kept = str(rows) + str(logs) + written.getvalue()
    assert len(rows) > 20
    assert [secret for secret in secrets if secret in kept] == []


async def test_a_request_that_is_repeated_after_the_integration_was_deleted_shows_no_secret(api: Api, tenant: UUID) -> None:
    created = (await api.call("POST", PATH, tenant, META, key="k-1")).body
    assert (await api.call("DELETE", f"{PATH}/{created['id']}", tenant)).status == 204
    again = await api.call("POST", PATH, tenant, META, key="k-1")
    assert (again.status, again.body["webhook_secret"]) == (201, None)


async def test_new_credentials_are_told_and_taken_ones_are_gone(api: Api, tenant: UUID) -> None:
    created = await api.connect(tenant, TWILIO)
    path = f"{PATH}/{created['id']}"
    fresh = {"account_sid": "AC" + "1" * 32, "auth_token": "the-next-token"}
    assert (await api.call("PATCH", path, tenant, {"credentials": fresh})).body["has_credentials"]
    assert api.credentials_in((await api.told(tenant))[-1]) == fresh

    answer = await api.call("PATCH", path, tenant, {"credentials": None})
    assert (answer.body["has_credentials"], answer.body["status"]) == (False, "PENDING_AUTH")
    last = (await api.told(tenant))[-1]
    assert (last.status, last.sealed_credentials) == (IntegrationStatus.PENDING_AUTH, None)


async def test_a_new_webhook_secret_is_shown_by_the_answer_that_brings_it(api: Api, tenant: UUID) -> None:
    created = await api.connect(tenant, POSTMARK)
    path = f"{PATH}/{created['id']}"
    made = (await api.call("PATCH", path, tenant, {"webhook_secret": None})).body["webhook_secret"]
    assert made not in (None, created["webhook_secret"])
    assert await api.opened(tenant, created["id"], "webhook_secret") == made
    given = (await api.call("PATCH", path, tenant, {"webhook_secret": "one of our own choice"})).body["webhook_secret"]
    assert given == await api.opened(tenant, created["id"], "webhook_secret") == "one of our own choice"


@pytest.mark.parametrize("wanted", OF_EACH_PROVIDER, ids=lambda each: each["provider"])
async def test_without_credentials_only_meta_and_gateways_are_in_use(wanted: dict[str, Any], api: Api, tenant: UUID) -> None:
    created = await api.connect(tenant, wanted, credentials=None)
    in_use = wanted["provider"] in (Provider.META, Provider.GATEWAY)
    assert created["status"] == ("ACTIVE" if in_use else "PENDING_AUTH")
    assert not created["has_credentials"]
    (event,) = await api.told(tenant)
    assert event.status == created["status"]
    assert event.sealed_credentials is None or wanted is GATEWAY
    answer = await api.call("PATCH", f"{PATH}/{created['id']}", tenant, {"credentials": wanted["credentials"]})
    assert (answer.body["status"], answer.body["has_credentials"]) == ("ACTIVE", True)
