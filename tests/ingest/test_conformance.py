"""Seven ways in, one behaviour: what the provider signed is stored once, anything else is refused with a problem and leaves no trace."""

import asyncio
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from sendgrid.helpers.eventwebhook import EventWebhook
from twilio.request_validator import RequestValidator

from libs import postgres
from libs.postgres import Pool
from schemas.contact import Channel, contact_id, conversation_id
from schemas.distributor_changed import DistributorStatus
from schemas.integration_changed import Provider
from schemas.message import MessageType
from services.ingest.__main__ import CONSUMES
from services.ingest.integration import Integration
from services.ingest.integrations_store import FAILURES_TO_ERROR, select_integration
from tests import making
from tests.consuming import consume
from tests.ingest import providers
from tests.ingest.conftest import Ingest, Request, Tenant, connect, messages, receipts, running
from tests.ingest.providers import GATEWAY, MAILGUN, META, POSTMARK, SENDGRID, TEXT, TWILIO_SMS, WAYS, Way
from tests.serving import Answer

GUIDE = Path(__file__).parents[2] / "docs/gateway.md"

every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
addressed = pytest.mark.parametrize("way", [way for way in WAYS if way is not META], ids=lambda way: way.name)


async def leaves_no_trace(answer: Answer, status: int, pool: Pool, tenant: Tenant) -> None:
    """Hold a refusal against what it must be."""
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert len(answer.body["detail"]) > 20
    assert await receipts(pool, tenant) == []
    assert await messages(pool, tenant) == []


@every_way
async def test_what_the_provider_signed_is_stored_and_passed_on(way: Way, ingest: Ingest, pool: Pool) -> None:
    tenant = await way.connect(pool)

    answer = await ingest.call(way.request(ingest, tenant, "m1", TEXT))

    assert answer.status == 200
    (message,) = await messages(pool, tenant)
    (receipt,) = await receipts(pool, tenant)
    contact = contact_id(tenant.distributor_id, way.channel, way.sender)
    assert (message.content, message.message_type, message.channel) == (TEXT, MessageType.TEXT, way.channel)
    assert message.external_message_id == receipt["external_id"] == way.external_id.format("m1")
    assert (message.integration_id, message.sender.address, message.customer_id) == (tenant.integration_id, way.sender, None)
    assert message.conversation_id == conversation_id(tenant.distributor_id, way.channel, contact)
    assert message.external_metadata == {}


@every_way
async def test_a_call_that_is_delivered_many_times_at_once_is_stored_once(way: Way, database: str, ingest: Ingest, pool: Pool) -> None:
    tenant = await way.connect(pool)
    request = way.request(ingest, tenant, "m1", TEXT)
    async with running(database, public_url=ingest.address) as second:
        answers = await asyncio.gather(*(each.call(request) for _ in range(5) for each in (ingest, second)))

    once = {200, 406} if way is MAILGUN else {200}
    assert {answer.status for answer in answers} == once
    assert len(await receipts(pool, tenant)) == 1
    assert len(await messages(pool, tenant)) == 1


@every_way
async def test_a_known_sender_is_their_customer(way: Way, ingest: Ingest, pool: Pool) -> None:
    tenant, customer_id = await way.connect(pool), uuid4()
    known = making.customer(tenant.distributor_id, customer_id, way.sender)
    contact = known.contacts[0].model_copy(update={"channel": way.channel})
    await consume(pool, "ingest", CONSUMES, making.arrived(known.model_copy(update={"contacts": (contact,)})))

    assert (await ingest.call(way.request(ingest, tenant, "m1", TEXT))).status == 200

    (message,) = await messages(pool, tenant)
    assert message.customer_id == customer_id
    assert message.conversation_id == conversation_id(tenant.distributor_id, way.channel, customer_id)


@pytest.mark.parametrize("way", [META, TWILIO_SMS, SENDGRID, GATEWAY], ids=lambda way: way.name)
@pytest.mark.parametrize("place", [0.3, 0.6, 0.99])
async def test_one_byte_of_the_body_changed_is_refused(place: float, way: Way, ingest: Ingest, pool: Pool) -> None:
    tenant = await way.connect(pool)
    request = way.request(ingest, tenant, "m1", TEXT)
    at = int(len(request.body) * place)
    changed = request.body[:at] + (b"x" if request.body[at : at + 1] != b"x" else b"y") + request.body[at + 1 :]
    await leaves_no_trace(await ingest.call(replace(request, body=changed)), 401, pool, tenant)


@pytest.mark.parametrize("field", ["timestamp", "token", "signature"])
async def test_one_character_of_what_mailgun_signs_changed_is_refused(field: str, ingest: Ingest, pool: Pool) -> None:
    tenant = await MAILGUN.connect(pool)
    request = MAILGUN.request(ingest, tenant, "m1", TEXT)
    at = request.body.index(f"{field}=".encode()) + len(field) + 2
    changed = request.body[:at] + (b"0" if request.body[at : at + 1] != b"0" else b"1") + request.body[at + 1 :]
    await leaves_no_trace(await ingest.call(replace(request, body=changed)), 401, pool, tenant)


async def test_one_byte_of_postmarks_password_changed_is_refused(ingest: Ingest, pool: Pool) -> None:
    tenant = await POSTMARK.connect(pool)
    request = POSTMARK.request(ingest, tenant, "m1", TEXT)
    for wrong in (request.headers["Authorization"][:-4] + "AAA=", "Basic", "Basic !", "Bearer " + providers.SECRET, ""):
        await leaves_no_trace(await ingest.call(replace(request, headers=request.headers | {"Authorization": wrong})), 401, pool, tenant)


@every_way
async def test_a_call_without_proof_is_refused(way: Way, ingest: Ingest, pool: Pool) -> None:
    tenant = await way.connect(pool)
    request = way.request(ingest, tenant, "m1", TEXT)
    bare = Request(
        path=request.path.partition("?")[0],
        body=request.body.replace(b"signature=", b"unsigned="),
        headers={name: value for name, value in request.headers.items() if name == "Content-Type"},
    )
    await leaves_no_trace(await ingest.call(bare), 401, pool, tenant)


@addressed
async def test_what_was_signed_for_one_tenant_is_refused_by_another(way: Way, ingest: Ingest, pool: Pool) -> None:
    tenant = await way.connect(pool)
    other = await connect(
        pool,
        way.provider,
        way.channel,
        "other",
        credentials={name: f"{value}2" for name, value in (way.credentials or {"api_key": "1"}).items() if name != "inbound_public_key"},
        secret="whsec_" + "b" * 32 if way.provider is Provider.GATEWAY else "another-secret",
    )
    request = way.request(ingest, tenant, "m1", TEXT)
    elsewhere = replace(request, path=request.path.replace(str(tenant.integration_id), str(other.integration_id)))
    await leaves_no_trace(await ingest.call(elsewhere), 401, pool, other)
    assert await messages(pool, tenant) == []


@addressed
async def test_an_integration_that_lacks_its_secret_believes_nobody(way: Way, ingest: Ingest, pool: Pool) -> None:
    tenant = await connect(pool, way.provider, way.channel, "bare")
    answer = await ingest.call(way.request(ingest, tenant, "m1", TEXT))
    await leaves_no_trace(answer, 401, pool, tenant)
    assert "the integration has no" in answer.body["detail"]


@addressed
@pytest.mark.parametrize("status", ["INACTIVE", "PENDING_AUTH"])
async def test_an_integration_that_is_not_in_use_is_not_found(status: str, way: Way, ingest: Ingest, pool: Pool) -> None:
    tenant = await connect(pool, way.provider, way.channel, "off", credentials=way.credentials, secret=way.secret, status=status)
    await leaves_no_trace(await ingest.call(way.request(ingest, tenant, "m1", TEXT)), 404, pool, tenant)


@addressed
async def test_an_integration_of_another_provider_is_not_found(way: Way, ingest: Ingest, pool: Pool) -> None:
    other = TWILIO_SMS if way.provider is not Provider.TWILIO else GATEWAY
    tenant = await connect(pool, other.provider, way.channel, "else", credentials=way.credentials, secret=way.secret)
    await leaves_no_trace(await ingest.call(way.request(ingest, tenant, "m1", TEXT)), 404, pool, tenant)


@pytest.mark.parametrize(
    "path", [f"/webhooks/gateway/{uuid4()}", "/webhooks/gateway/7", f"/webhooks/pigeon/{uuid4()}", f"/webhooks/twilio/{uuid4()}/status"]
)
async def test_what_there_is_not_is_not_found(path: str, ingest: Ingest, pool: Pool) -> None:
    tenant = await GATEWAY.connect(pool)
    await leaves_no_trace(await ingest.call(Request(path=path, body=b"{}", headers={})), 404, pool, tenant)


@addressed
async def test_a_body_that_is_too_large_is_refused(way: Way, ingest: Ingest, pool: Pool) -> None:
    tenant = await way.connect(pool)
    await leaves_no_trace(await ingest.call(way.request(ingest, tenant, "m1", "x" * 21_000)), 413, pool, tenant)


async def test_only_mail_may_be_as_large_as_a_file(database: str, pool: Pool) -> None:
    large = "x" * 1_100_000
    async with running(database, http_max_body_bytes=3_000_000) as ingest:
        sms, mail = await TWILIO_SMS.connect(pool), await POSTMARK.connect(pool)
        await leaves_no_trace(await ingest.call(TWILIO_SMS.request(ingest, sms, "m1", large)), 413, pool, sms)
        assert (await ingest.call(POSTMARK.request(ingest, mail, "m1", large))).status == 200
        (message,) = await messages(pool, mail)
        assert len(message.content) == 20_000


@every_way
async def test_messages_to_a_distributor_who_is_not_served_are_written_down_and_go_no_further(way: Way, ingest: Ingest, pool: Pool) -> None:
    tenant = await way.connect(pool)
    await consume(pool, "ingest", CONSUMES, making.distributor(tenant.distributor_id, status=DistributorStatus.INACTIVE))
    assert (await ingest.call(way.request(ingest, tenant, "m1", TEXT))).status == 200
    assert [receipt["outcome"] for receipt in await receipts(pool, tenant)] == ["IGNORED"]
    assert await messages(pool, tenant) == []


def test_our_makers_sign_as_the_providers_libraries_verify() -> None:
    tenant = Tenant(distributor_id=uuid4(), integration_id=uuid4(), number="1")
    request = providers.sendgrid(tenant, providers.sendgrid_form(providers.mail("m1", TEXT)))
    theirs = EventWebhook(providers.SENDGRID_PUBLIC_KEY)
    signature, timestamp = (request.headers[f"X-Twilio-Email-Event-Webhook-{name}"] for name in ("Signature", "Timestamp"))
    assert theirs.verify_signature(request.body.decode(), signature, timestamp)
    form, url = providers.twilio_form("m1", TEXT), "https://hooks.example/x"
    assert RequestValidator(providers.AUTH_TOKEN).validate(url, form, RequestValidator(providers.AUTH_TOKEN).compute_signature(url, form))


async def test_the_example_client_of_the_gateway_is_served(ingest: Ingest, pool: Pool) -> None:
    tenant = await GATEWAY.connect(pool)
    example, _ = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    told = {"ADDRESS": f"{ingest.address}/webhooks/gateway/{tenant.integration_id}", "SECRET": providers.GATEWAY_SECRET}
    for name, value in told.items():
        example, replaced = re.subn(rf'^{name} = ".*"$', f'{name} = "{value}"', example, flags=re.MULTILINE)
        assert replaced == 1

    done = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", example], capture_output=True, text=True, check=True)

    assert done.stdout == '200 {"status":"stored"}\n'
    assert [message.external_message_id for message in await messages(pool, tenant)] == ["pbx-20261122-0001"]


async def test_an_empty_answer_in_twilios_language_says_nothing_to_the_customer(ingest: Ingest, pool: Pool) -> None:
    tenant = await TWILIO_SMS.connect(pool)
    answer = await ingest.call(TWILIO_SMS.request(ingest, tenant, "m1", TEXT))
    assert answer.headers["Content-Type"].startswith("text/xml")
    assert answer.body.endswith("<Response/>")


@pytest.mark.parametrize("base", ["https://hooks.example", "https://hooks.example:443", "https://hooks.example/"])
@pytest.mark.parametrize("signed", ["https://hooks.example", "https://hooks.example:443"])
async def test_behind_a_proxy_the_public_address_is_what_twilio_signed_with_or_without_its_port(
    base: str, signed: str, database: str, pool: Pool
) -> None:
    tenant = await connect(pool, Provider.TWILIO, Channel.SMS, providers.OUR_NUMBER, credentials=TWILIO_SMS.credentials)
    async with running(database, public_url=base) as ingest:
        form = providers.twilio_form("m1", TEXT)
        assert (await ingest.call(providers.twilio(ingest, tenant, form, base=signed))).status == 200
        assert (await ingest.call(providers.twilio(ingest, tenant, form, base="https://other.example"))).status == 401


async def test_calls_that_nobody_signed_put_the_integration_into_error_until_one_is_signed(ingest: Ingest, pool: Pool) -> None:
    tenant = await TWILIO_SMS.connect(pool)
    signed = TWILIO_SMS.request(ingest, tenant, "m1", TEXT)
    for _ in range(FAILURES_TO_ERROR):
        assert (await ingest.call(replace(signed, headers=signed.headers | {"X-Twilio-Signature": "x"}))).status == 401
    before = await integration(pool, tenant)
    assert (await ingest.call(signed)).status == 200
    after = await integration(pool, tenant)
    assert before
    assert (before.status, before.error_count, "not signed" in (before.last_error_message or "")) == ("ERROR", FAILURES_TO_ERROR, True)
    assert after
    assert (after.status, after.error_count, after.last_sync_at is not None) == ("ACTIVE", 0, True)


async def integration(pool: Pool, tenant: Tenant) -> Integration | None:
    """The tenant's integration."""
    async with postgres.tenant_transaction(pool, [tenant.distributor_id]) as tx:
        return await select_integration(tx, tenant.distributor_id, tenant.integration_id)
