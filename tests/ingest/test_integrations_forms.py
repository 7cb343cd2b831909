"""What an owner may not say of an integration, and how they are told."""

import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from tests.conftest import NewPool
from tests.ingest.integrations import GATEWAY, MAILGUN, META, PATH, SENDGRID, TOKEN, TWILIO, Api, served


@pytest_asyncio.fixture
async def api(new_pool: NewPool) -> AsyncIterator[Api]:
    """The API on a free port."""
    async with served(await new_pool("ingest")) as running:
        yield running


@pytest.fixture
def tenant() -> UUID:
    """A tenant of this test's own."""
    return uuid4()


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (META | {"provider": "Shopify"}, "provider"),
        (META | {"channel": "SMS"}, "channel"),
        (META | {"external_account_id": "+15550001001"}, "external_account_id"),
        (META | {"external_account_id": "1555\n"}, "external_account_id"),
        (META | {"display_name": ""}, "display_name"),
        (META | {"display_name": "x" * 201}, "display_name"),
        (META | {"status": "ERROR"}, "status"),
        (META | {"surprise": 1}, "surprise"),
        (META | {"webhook_secret": "short"}, "webhook_secret"),
        (META | {"credentials": {}}, "access_token"),
        (META | {"credentials": {"access_token": "x" * 2_001}}, "access_token"),
        (META | {"credentials": {"access_token": "two\nlines"}}, "access_token"),
        (META | {"credentials": TWILIO["credentials"]}, "account_sid"),
        (META | {"config": {"from_name": "X"}}, "from_name"),
        (META | {"config": {"template": {"name": "reply"}}}, "language"),
        (META | {"config": {"messages_per_second": 0}}, "messages_per_second"),
        (META | {"config": {"messages_per_second": 1_001}}, "messages_per_second"),
        (TWILIO | {"external_account_id": "12075550100"}, "external_account_id"),
        (TWILIO | {"external_account_id": "whatsapp:+12075550100"}, "begin with whatsapp: where channel is WHATSAPP"),
        (TWILIO | {"channel": "WHATSAPP"}, "begin with whatsapp: where channel is WHATSAPP"),
        (TWILIO | {"channel": "EMAIL"}, "channel"),
        (TWILIO | {"credentials": {"account_sid": "AC1", "auth_token": "x"}}, "account_sid"),
        (SENDGRID | {"external_account_id": "harbor.example"}, "external_account_id"),
        (MAILGUN | {"credentials": {"api_key": "x"}}, "signing_key"),
        (GATEWAY | {"webhook_secret": "not-of-standard-webhooks"}, "whsec_"),
        (GATEWAY | {"webhook_secret": "whsec_c2hvcnQ="}, "whsec_"),
        (GATEWAY | {"credentials": {"token": "x"}}, "token"),
        (GATEWAY | {"config": {"reply_url": "x" * 2_001}}, "reply_url"),
        (META | {"config": {"reply_url": "https://pbx.example.com/replies"}}, "reply_url"),
        (GATEWAY | {"external_account_id": "x" * 321}, "external_account_id"),
    ],
)
async def test_what_no_provider_would_take_is_refused_where_it_is_wrong(wanted: dict[str, Any], field: str, api: Api, tenant: UUID) -> None:
    answer = await api.call("POST", PATH, tenant, wanted)
    assert (answer.status, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert field in answer.problem
    assert TOKEN not in answer.problem
    assert await api.told(tenant) == []


async def test_a_number_for_whatsapp_by_twilio_is_another_account_than_for_texts(api: Api, tenant: UUID) -> None:
    await api.connect(tenant, TWILIO)
    await api.connect(tenant, TWILIO, channel="WHATSAPP", external_account_id="whatsapp:+12075550100")


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        ({}, "at least one field"),
        ({"external_account_id": "15550001002"}, "external_account_id cannot change"),
        ({"provider": "Twilio", "channel": "SMS"}, "provider, channel cannot change"),
        ({"status": "PENDING_AUTH"}, "status"),
        ({"status": None}, "status"),
        ({"config": []}, "config"),
        ({"credentials": {"auth_token": "of-another-provider"}}, "access_token"),
        ({"id": str(UUID(int=0))}, "id"),
    ],
)
async def test_a_change_that_cannot_be_is_refused_and_changes_nothing(patch: dict[str, Any], said: str, api: Api, tenant: UUID) -> None:
    created = await api.connect(tenant)
    answer = await api.call("PATCH", f"{PATH}/{created['id']}", tenant, patch)
    assert (answer.status, said in answer.problem) == (422, True), answer.problem
    assert "of-another-provider" not in answer.problem
    assert (await api.row(tenant, created["id"]))["version"] == 1
    assert len(await api.told(tenant)) == 1


async def test_without_a_public_address_the_one_that_was_called_stands_in(new_pool: NewPool, tenant: UUID) -> None:
    async with served(await new_pool("ingest"), None) as here:
        created = await here.connect(tenant, GATEWAY)
        assert re.fullmatch(rf"http://127\.0\.0\.1:[0-9]+/webhooks/gateway/{created['id']}", created["webhook_url"])
