"""What comes in besides new messages: words on ours, changes, consent, mail that is not to be believed or that nobody wrote."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from prometheus_client import REGISTRY

from deploy.demo.stand_ins.customer_messages import Json, status, text_message
from libs.postgres import Pool
from schemas.consent_changed import ConsentChanged
from schemas.contact import Channel, contact_id, conversation_id
from schemas.integration_changed import Provider
from schemas.message import MessageStatus
from schemas.message_amended import MessageAmended
from schemas.message_status_changed import MessageStatusChanged
from services.ingest.__main__ import CONSUMES
from tests import making
from tests.consuming import consume, said
from tests.ingest import providers
from tests.ingest.conftest import Ingest, Request, Tenant, messages, receipts, running
from tests.ingest.providers import GATEWAY, MAIL_OF_MARIO, MAILGUN, MARIO, POSTMARK, SENDGRID, TEXT, TWILIO_SMS, TWILIO_WHATSAPP, Way

OUR_ID = UUID("00000000-0000-0000-0000-00000000b001")


def change(tenant: Tenant, wamid: str, **parts: Any) -> Json:
    """A message of a type of its own to the tenant's WhatsApp number."""
    found = text_message(tenant.number, MARIO, "", wamid, timestamp=1_795_000_000)
    del found["value"]["messages"][0]["text"]
    found["value"]["messages"][0] |= parts
    return found


async def test_a_status_is_of_the_conversation_with_its_recipient_and_told_once(ingest: Ingest, pool: Pool, tenant: Tenant) -> None:
    customer_id = uuid4()
    await consume(pool, "ingest", CONSUMES, making.customer(tenant.distributor_id, customer_id, MARIO))
    delivered = status(tenant.number, "wamid.ours", "delivered", MARIO, callback_data=str(OUR_ID), timestamp=1_795_000_000)
    read = status(tenant.number, "wamid.ours", "read", MARIO, callback_data=str(OUR_ID), timestamp=1_795_000_009)

    for _ in range(3):
        assert (await ingest.tell(delivered, read)).body == {"status": "stored"}

    first, second = await said(pool, tenant.distributor_id, MessageStatusChanged)
    assert (first.status, second.status) == (MessageStatus.DELIVERED, MessageStatus.READ)
    assert (first.message_id, first.external_message_id, first.integration_id) == (OUR_ID, "wamid.ours", tenant.integration_id)
    assert first.conversation_id == conversation_id(tenant.distributor_id, Channel.WHATSAPP, customer_id)
    assert first.status_at.timestamp() == 1_795_000_000


async def test_a_change_of_a_message_is_told_once_and_is_no_message(ingest: Ingest, pool: Pool, tenant: Tenant) -> None:
    edited = {"original_message_id": "wamid.1", "message": {"type": "text", "text": {"body": "5 cs whole milk"}}}
    calls = [change(tenant, "wamid.2", type="edit", edit=edited), change(tenant, "wamid.3", type="revoke", revoke={"original_message_id": "wamid.1"})]

    for _ in range(2):
        assert (await ingest.tell(*calls)).status == 200

    edit, revoke = await said(pool, tenant.distributor_id, MessageAmended)
    assert (edit.external_message_id, edit.content, revoke.external_message_id, revoke.content) == ("wamid.1", "5 cs whole milk", "wamid.1", None)
    assert edit.conversation_id == conversation_id(
        tenant.distributor_id, Channel.WHATSAPP, contact_id(tenant.distributor_id, Channel.WHATSAPP, MARIO)
    )
    assert await messages(pool, tenant) == []


async def test_what_says_nothing_leaves_a_receipt_alone(ingest: Ingest, pool: Pool, tenant: Tenant) -> None:
    assert (await ingest.tell(change(tenant, "wamid.1", type="unsupported", errors=[{"code": 131051}]))).status == 200
    assert [(receipt["external_id"], receipt["outcome"]) for receipt in await receipts(pool, tenant)] == [("wamid.1", "IGNORED")]
    assert await said(pool, tenant.distributor_id) == []


async def test_a_cart_and_a_choice_are_passed_on_as_they_are(ingest: Ingest, pool: Pool, tenant: Tenant) -> None:
    cart = {"catalog_id": "9", "product_items": [{"product_retailer_id": "MILK", "quantity": 3, "item_price": 12.5, "currency": "USD"}]}
    await ingest.tell(
        change(tenant, "wamid.1", type="order", order=cart),
        change(tenant, "wamid.2", type="interactive", interactive={"button_reply": {"id": "confirm:7", "title": "Confirm"}}),
    )
    filled, chosen = await messages(pool, tenant)
    assert [(item.sku, str(item.quantity), str(item.price)) for item in filled.parts.cart] == [("MILK", "3", "12.5")]
    assert (chosen.parts.choice_id, chosen.content) == ("confirm:7", "Confirm")


@pytest.mark.parametrize("way", [TWILIO_SMS, TWILIO_WHATSAPP], ids=lambda way: way.name)
async def test_a_status_of_twilio_names_our_message(way: Way, ingest: Ingest, pool: Pool) -> None:
    tenant = await way.connect(pool)
    prefix = "whatsapp:" if way is TWILIO_WHATSAPP else ""
    form = {"MessageSid": "SM1", "MessageStatus": "undelivered", "From": prefix + providers.OUR_NUMBER, "To": prefix + MARIO, "ErrorCode": "30003"}

    for word in ("queued", "sending", "undelivered", "undelivered"):
        answer = await ingest.call(providers.twilio(ingest, tenant, form | {"MessageStatus": word}, path=f"/status?message_id={OUR_ID}"))
        assert (answer.status, answer.body[-11:]) == (200, "<Response/>")

    (changed,) = await said(pool, tenant.distributor_id)
    assert (changed.status, changed.message_id, changed.external_message_id, changed.error_code) == (MessageStatus.FAILED, OUR_ID, "SM1", "30003")
    assert changed.conversation_id == conversation_id(tenant.distributor_id, way.channel, contact_id(tenant.distributor_id, way.channel, MARIO))


@pytest.mark.parametrize(
    ("way", "text", "may_write"),
    [
        (TWILIO_SMS, "STOP", False),
        (TWILIO_SMS, "cancel", False),
        (TWILIO_SMS, "unstop", True),
        (GATEWAY, "Stop.", False),
        (TWILIO_WHATSAPP, "BAJA", False),
        (TWILIO_WHATSAPP, "cancel", None),
        (TWILIO_SMS, "stop the milk", None),
        (SENDGRID, "STOP", None),
    ],
)
async def test_a_word_on_consent_is_told_beside_the_message(way: Way, text: str, may_write: bool | None, ingest: Ingest, pool: Pool) -> None:
    tenant = await way.connect(pool)

    assert (await ingest.call(way.request(ingest, tenant, "m1", text))).status == 200

    (message,) = await messages(pool, tenant)
    assert message.content == text
    told = [(each.may_write, each.address, each.channel, each.contact_id) for each in await said(pool, tenant.distributor_id, ConsentChanged)]
    assert told == ([] if may_write is None else [(may_write, way.sender, way.channel, message.contact_id)])


async def test_what_twilio_itself_took_as_a_word_on_consent_is_one(ingest: Ingest, pool: Pool) -> None:
    tenant = await TWILIO_SMS.connect(pool)
    await ingest.call(providers.twilio(ingest, tenant, providers.twilio_form("m1", "no more of these please", OptOutType="STOP")))
    assert [each.may_write for each in await said(pool, tenant.distributor_id, ConsentChanged)] == [False]


def spoofed(way: Way, tenant: Tenant) -> Request:
    """A mail in Mario's name whose checks failed."""
    mail = providers.mail("m1", TEXT)
    received_spf = {"Name": "Received-SPF", "Value": "Fail (not authorized) envelope-from=x@evil.example"}
    match way.provider:
        case Provider.SENDGRID:
            return providers.sendgrid(tenant, providers.sendgrid_form(mail, SPF="fail", dkim="none"))
        case Provider.MAILGUN:
            headers = json.dumps([["X-Mailgun-Spf", "Fail"], *mail.items()])
            return providers.mailgun(tenant, providers.mailgun_form(mail, message_headers=headers))
        case _:
            return providers.postmark(tenant, providers.postmark_form(mail, Headers=[received_spf]))


@pytest.mark.parametrize("way", [SENDGRID, MAILGUN, POSTMARK], ids=lambda way: way.name)
async def test_a_mail_that_fails_its_checks_is_kept_and_is_nobodys(way: Way, ingest: Ingest, pool: Pool) -> None:
    tenant = await way.connect(pool)
    known = making.customer(tenant.distributor_id, uuid4(), MAIL_OF_MARIO)
    contact = known.contacts[0].model_copy(update={"channel": Channel.EMAIL})
    await consume(pool, "ingest", CONSUMES, making.arrived(known.model_copy(update={"contacts": (contact,)})))

    assert (await ingest.call(spoofed(way, tenant))).status == 200

    (message,) = await messages(pool, tenant)
    assert (message.customer_id, message.content, message.sender.address) == (None, TEXT, MAIL_OF_MARIO)
    assert "fail" in message.external_metadata["sender_not_trusted"]


@pytest.mark.parametrize("way", [SENDGRID, MAILGUN, POSTMARK], ids=lambda way: way.name)
@pytest.mark.parametrize("headers", [{"Auto_Submitted": "auto-replied"}, {"Precedence": "bulk"}, {"Return_Path": "<>"}])
async def test_a_mail_that_nobody_wrote_leaves_a_receipt_alone(headers: dict[str, str], way: Way, ingest: Ingest, pool: Pool) -> None:
    tenant, mail = await way.connect(pool), providers.mail("m1", "I am on holiday", **headers)
    request = {
        Provider.SENDGRID: lambda: providers.sendgrid(tenant, providers.sendgrid_form(mail)),
        Provider.MAILGUN: lambda: providers.mailgun(tenant, providers.mailgun_form(mail)),
        Provider.POSTMARK: lambda: providers.postmark(tenant, providers.postmark_form(mail)),
    }[way.provider]()
    assert (await ingest.call(request)).status == 200
    assert [receipt["outcome"] for receipt in await receipts(pool, tenant)] == ["IGNORED"]
    assert await said(pool, tenant.distributor_id) == []


async def test_what_mailgun_signed_counts_once_whatever_comes_with_it(database: str, ingest: Ingest, pool: Pool) -> None:
    tenant = await MAILGUN.connect(pool)
    forged = [providers.mailgun(tenant, providers.mailgun_form(providers.mail(f"m{n}", f"{n} cs milk")), token="t", timestamp=None) for n in range(6)]
    async with running(database) as second:
        answers = await asyncio.gather(*((ingest, second)[n % 2].call(request) for n, request in enumerate(forged)))
    assert sorted(answer.status for answer in answers) == [200, 406, 406, 406, 406, 406]
    assert {answer.headers["Content-Type"] for answer in answers if answer.status == 406} == {"application/problem+json"}
    assert len(await messages(pool, tenant)) == len(await receipts(pool, tenant)) == 1


async def test_the_same_mail_under_two_tokens_is_one_message(ingest: Ingest, pool: Pool) -> None:
    tenant = await MAILGUN.connect(pool)
    for _ in range(2):
        assert (await ingest.call(MAILGUN.request(ingest, tenant, "m1", TEXT))).status == 200
    assert len(await messages(pool, tenant)) == 1


async def test_one_call_of_a_gateway_brings_many_messages(ingest: Ingest, pool: Pool) -> None:
    tenant = await GATEWAY.connect(pool)
    many = [providers.gateway_message(f"m{number}", f"{number} cs milk") for number in range(1, 40)]
    assert (await ingest.call(providers.gateway(tenant, many))).status == 200
    assert [message.content for message in await messages(pool, tenant)] == [message["text"] for message in many]
    assert (await ingest.call(providers.gateway(tenant, [*many[:20], providers.gateway_message("m99", "eggs")]))).status == 200
    assert len(await messages(pool, tenant)) == len(many) + 1


async def test_what_a_gateway_tells_of_a_message_of_ours_is_passed_on_once(ingest: Ingest, pool: Pool) -> None:
    tenant = await GATEWAY.connect(pool)
    told = {"status": "DELIVERED", "message_id": str(uuid4()), "channel": "SMS", "to": providers.MARIO, "status_at": "2026-11-22T09:30:00Z"}
    for _ in range(2):
        assert (await ingest.call(providers.gateway(tenant, told))).status == 200
    [changed] = await said(pool, tenant.distributor_id, MessageStatusChanged)
    assert (str(changed.message_id), changed.status, changed.integration_id) == (told["message_id"], "DELIVERED", tenant.integration_id)


def counted(way: Way, tenant: Tenant, outcome: str) -> float:
    """How many of an outcome were counted for the tenant's integration."""
    labels = {"provider": str(way.provider), "integration": str(tenant.integration_id), "outcome": outcome}
    return REGISTRY.get_sample_value("comanda_webhook_items_total", labels) or 0


async def test_what_comes_in_is_counted_by_integration_and_outcome(ingest: Ingest, pool: Pool) -> None:
    tenant = await GATEWAY.connect(pool)
    request = GATEWAY.request(ingest, tenant, "m1", TEXT)
    for _ in range(3):
        await ingest.call(request)
    request.headers["webhook-signature"] = "v1,"
    await ingest.call(request)
    assert {outcome: counted(GATEWAY, tenant, outcome) for outcome in ("received", "repeated", "ignored", "refused")} == {
        "received": 1,
        "repeated": 2,
        "ignored": 0,
        "refused": 1,
    }
