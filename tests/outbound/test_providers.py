"""Each provider is asked in its own way: who asks, in which form, and what its answers mean."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from uuid import uuid4

import pytest

from deploy.demo.stand_ins.behaviour import Behaviour
from deploy.demo.stand_ins.carriers import Carriers, Taken
from deploy.demo.stand_ins.provider import Provider as Meta
from libs.postgres import Pool
from schemas.contact import Channel
from schemas.integration_changed import Provider
from schemas.message import MessageStatus
from schemas.message_created import MessageCreated
from schemas.message_status_changed import MessageStatusChanged
from services.outbound.__main__ import CONSUMES
from services.outbound.send_due import send_due
from tests.consuming import consume, said
from tests.outbound.conftest import INTEGRATION, integration, mail_of_customer, make_due, message, rows, service_on

PUBLIC = "https://comanda.example"
MAILBOX = "orders@harbor.example"
MAILERS = (Provider.SENDGRID, Provider.MAILGUN, Provider.POSTMARK)
CHANNELS = [(Provider.TWILIO, Channel.SMS), (Provider.TWILIO, Channel.WHATSAPP), *((mailer, Channel.EMAIL) for mailer in MAILERS)]


async def queue(pool: Pool, provider: Provider, channel: Channel, **more: Any) -> MessageCreated:
    """Queue an answer to a customer who just wrote over `channel`, for an integration of `provider`."""
    tenant, conversation = uuid4(), uuid4()
    to = "anna@cafe.example" if channel is Channel.EMAIL else "+15550001"
    theirs = message(tenant, conversation_id=conversation, ours=False, channel=channel, to=to, external_message_id="<a@cafe.example>")
    ours = message(tenant, conversation_id=conversation, position=2, channel=channel, to=to, text="2 cases of milk.\nTomorrow.")
    account: str = more.pop("account", MAILBOX if channel is Channel.EMAIL else "+15550009")
    await consume(pool, "outbound", CONSUMES, integration(tenant, provider, channel, account, **more), theirs, ours)
    return ours


async def taken_of(pool: Pool, carriers: Carriers, provider: Provider, channel: Channel, **more: Any) -> tuple[MessageCreated, Taken]:
    """Queue such an answer and have it sent."""
    ours = await queue(pool, provider, channel, **more)
    assert await send_due(service_on(pool, carriers.url, public_url=f"{PUBLIC}/")) == 1
    [taken] = carriers.taken
    [changed] = await said(pool, ours.distributor_id, of=MessageStatusChanged)
    assert (changed.message_id, changed.status, changed.external_message_id) == (ours.message_id, MessageStatus.SENT, taken.external_id)
    assert taken.provider == provider
    return ours, taken


async def test_twilio_gets_a_form_that_names_where_to_tell_what_became_of_the_message(pool: Pool, carriers: Carriers) -> None:
    ours, taken = await taken_of(pool, carriers, Provider.TWILIO, Channel.SMS)
    assert taken.body == {
        "From": "+15550009",
        "To": "+15550001",
        "Body": "2 cases of milk.\nTomorrow.",
        "StatusCallback": f"{PUBLIC}/webhooks/twilio/{INTEGRATION}/status?message_id={ours.message_id}",
    }


@pytest.mark.parametrize("account", ["+15550009", "whatsapp:+15550009"])
async def test_twilio_sends_over_whatsapp(pool: Pool, carriers: Carriers, account: str) -> None:
    _, taken = await taken_of(pool, carriers, Provider.TWILIO, Channel.WHATSAPP, account=account)
    assert (taken.body["From"], taken.body["To"]) == ("whatsapp:+15550009", "whatsapp:+15550001")


async def test_without_a_public_url_twilio_is_told_of_none(pool: Pool, carriers: Carriers) -> None:
    await queue(pool, Provider.TWILIO, Channel.SMS)
    await send_due(service_on(pool, carriers.url))
    assert "StatusCallback" not in carriers.taken[0].body


async def test_sendgrid_gets_a_mail_in_its_thread(pool: Pool, carriers: Carriers) -> None:
    ours, taken = await taken_of(pool, carriers, Provider.SENDGRID, Channel.EMAIL)
    assert taken.body["personalizations"] == [{"to": [{"email": "anna@cafe.example"}], "custom_args": {"message_id": str(ours.message_id)}}]
    assert (taken.body["from"], taken.body["subject"]) == ({"email": MAILBOX}, "Your order")
    assert taken.body["content"] == [{"type": "text/plain", "value": "2 cases of milk.\nTomorrow."}]
    assert taken.body["headers"] == {
        "Message-ID": f"<{ours.message_id}@harbor.example>",
        "In-Reply-To": "<a@cafe.example>",
        "References": "<a@cafe.example>",
    }


async def test_mailgun_gets_a_mail_in_its_thread(pool: Pool, carriers: Carriers) -> None:
    ours, taken = await taken_of(pool, carriers, Provider.MAILGUN, Channel.EMAIL)
    assert taken.path == "/v3/mg.harbor.example/messages"
    assert taken.body == {
        "from": MAILBOX,
        "to": "anna@cafe.example",
        "subject": "Your order",
        "text": "2 cases of milk.\nTomorrow.",
        "h:Message-ID": f"<{ours.message_id}@harbor.example>",
        "h:In-Reply-To": "<a@cafe.example>",
        "h:References": "<a@cafe.example>",
        "v:message_id": str(ours.message_id),
        "o:tracking-clicks": "no",
    }


async def test_a_mailgun_domain_in_europe_is_asked_there(pool: Pool, carriers: Carriers) -> None:
    await queue(pool, Provider.MAILGUN, Channel.EMAIL, config={"region": "EU"})
    await send_due(service_on(pool, "http://127.0.0.1:1", mailgun_eu_api_url=carriers.url))
    assert len(carriers.taken) == 1


async def test_postmark_gets_a_mail_in_its_thread_and_keeps_its_message_id(pool: Pool, carriers: Carriers) -> None:
    ours, taken = await taken_of(pool, carriers, Provider.POSTMARK, Channel.EMAIL)
    assert (taken.body["From"], taken.body["To"], taken.body["TextBody"]) == (MAILBOX, "anna@cafe.example", "2 cases of milk.\nTomorrow.")
    assert taken.body["Metadata"] == {"message_id": str(ours.message_id)}
    assert {header["Name"]: header["Value"] for header in taken.body["Headers"]} == {
        "Message-ID": f"<{ours.message_id}@harbor.example>",
        "In-Reply-To": "<a@cafe.example>",
        "References": "<a@cafe.example>",
        "X-PM-KeepID": "true",
    }


@pytest.mark.parametrize(
    ("mailer", "field", "sender"),
    [
        (Provider.SENDGRID, "from", {"email": MAILBOX, "name": 'Harbor "Fresh" Foods'}),
        (Provider.MAILGUN, "from", f'"Harbor \\"Fresh\\" Foods" <{MAILBOX}>'),
        (Provider.POSTMARK, "From", f'"Harbor \\"Fresh\\" Foods" <{MAILBOX}>'),
    ],
)
async def test_the_sender_s_name_stands_before_the_address(pool: Pool, carriers: Carriers, mailer: Provider, field: str, sender: object) -> None:
    _, taken = await taken_of(pool, carriers, mailer, Channel.EMAIL, config={"from_name": 'Harbor "Fresh"\r\nFoods'})
    assert taken.body[field] == sender


@pytest.mark.parametrize("mailer", MAILERS)
async def test_a_mail_answers_the_customer_s_last_one(pool: Pool, carriers: Carriers, mailer: Provider) -> None:
    tenant, conversation = uuid4(), uuid4()
    earlier = datetime.now(UTC) - timedelta(hours=1)
    await consume(
        pool,
        "outbound",
        CONSUMES,
        integration(tenant, mailer, Channel.EMAIL, MAILBOX),
        mail_of_customer(tenant, conversation, "<second@cafe.example>", "Milk\r\nfor Tuesday"),
        mail_of_customer(tenant, conversation, "<first@cafe.example>", "Eggs", sent_at=earlier),
        message(tenant, conversation_id=conversation, position=3, channel=Channel.EMAIL, to="anna@cafe.example"),
    )
    await consume(pool, "outbound", CONSUMES, mail_of_customer(tenant, conversation, "<first@cafe.example>", "Eggs", sent_at=earlier))

    await send_due(service_on(pool, carriers.url))

    [taken] = carriers.taken
    assert taken.body.get("subject", taken.body.get("Subject")) == "Re: Milk for Tuesday"
    assert "<second@cafe.example>" in json.dumps(taken.body)
    assert "<first@cafe.example>" not in json.dumps(taken.body)


@pytest.mark.parametrize(("provider", "channel"), CHANNELS)
async def test_wrong_credentials_fail_the_message_at_once(pool: Pool, carriers: Carriers, provider: Provider, channel: Channel) -> None:
    wrong = {"account_sid": "AC0001", "auth_token": "?", "api_key": "?", "domain": "mg.harbor.example", "server_token": "?"}
    ours = await queue(pool, provider, channel, credentials=wrong)

    await send_due(service_on(pool, carriers.url))

    [row] = await rows(pool, ours.distributor_id)
    assert (row["state"], carriers.calls, carriers.taken) == ("FAILED", 1, [])
    assert row["error_code"] == ("HTTP_401" if provider in {Provider.SENDGRID, Provider.MAILGUN} else "20003")


@pytest.mark.parametrize(("provider", "channel"), CHANNELS)
async def test_no_credentials_fail_the_message_without_a_call(pool: Pool, carriers: Carriers, provider: Provider, channel: Channel) -> None:
    ours = await queue(pool, provider, channel, credentials={})
    await send_due(service_on(pool, carriers.url))
    assert [row["error_code"] for row in await rows(pool, ours.distributor_id)] == ["CREDENTIALS_MISSING"]
    assert carriers.calls == 0


async def test_credentials_of_another_integration_open_nothing_and_are_tried_again(pool: Pool, carriers: Carriers) -> None:
    tenant = uuid4()
    stolen = integration(tenant, Provider.TWILIO, Channel.SMS, integration_id=uuid4()).sealed_credentials
    await consume(
        pool, "outbound", CONSUMES, integration(tenant, Provider.TWILIO, Channel.SMS, sealed_credentials=stolen), message(tenant, channel=Channel.SMS)
    )
    await send_due(service_on(pool, carriers.url))
    assert [(row["state"], row["error_code"]) for row in await rows(pool, tenant)] == [("PENDING", "CREDENTIALS_UNREADABLE")]
    assert carriers.calls == 0


async def test_each_meta_integration_has_its_own_token_and_the_environment_s_otherwise(pool: Pool, provider: Meta) -> None:
    owner, wrong, none = uuid4(), uuid4(), uuid4()
    for tenant, credentials in ((owner, None), (wrong, {"access_token": "?"}), (none, {})):
        conversation = uuid4()
        await consume(
            pool,
            "outbound",
            CONSUMES,
            integration(tenant, Provider.META, Channel.WHATSAPP, "2066", credentials=credentials),
            message(tenant, conversation_id=conversation, ours=False),
            message(tenant, conversation_id=conversation, position=2, account=None),
        )

    await send_due(service_on(pool, provider.url))

    assert [sent.phone_number_id for sent in provider.sent] == ["2066", "2066"]
    assert [[row["error_code"] for row in await rows(pool, tenant)] for tenant in (owner, wrong, none)] == [[None], ["190"], [None]]


PASSING = [
    (Provider.TWILIO, Channel.SMS, 429, 20429),
    (Provider.TWILIO, Channel.SMS, 400, 21611),
    (Provider.TWILIO, Channel.SMS, 500, 20500),
    *((mailer, Channel.EMAIL, status, 0) for mailer in MAILERS for status in (429, 500, 503)),
    (Provider.POSTMARK, Channel.EMAIL, 422, 100),
]
FOR_EVER = [
    (Provider.TWILIO, Channel.SMS, 400, 21211, "21211"),
    (Provider.TWILIO, Channel.WHATSAPP, 403, 20003, "20003"),
    (Provider.SENDGRID, Channel.EMAIL, 400, 0, "HTTP_400"),
    (Provider.MAILGUN, Channel.EMAIL, 404, 0, "HTTP_404"),
    (Provider.POSTMARK, Channel.EMAIL, 422, 406, "406"),
]


@pytest.mark.parametrize(("provider", "channel", "status", "code"), PASSING)
@pytest.mark.parametrize("as_date", [False, True])
async def test_what_passes_is_tried_again_when_the_provider_asks_for_it(
    pool: Pool, carriers: Carriers, provider: Provider, channel: Channel, status: int, code: int, as_date: bool
) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=120), usegmt=True)
    carriers.behaviour = Behaviour(status=status, error_code=code, retry_after=later if as_date else 120)
    ours = await queue(pool, provider, channel)

    await send_due(service_on(pool, carriers.url))

    [row] = await rows(pool, ours.distributor_id)
    assert (row["state"], row["attempt"]) == ("PENDING", 1)
    assert timedelta(seconds=100) < row["run_after"] - row["updated_at"] <= timedelta(seconds=120)
    assert not await said(pool, ours.distributor_id)


@pytest.mark.parametrize(("provider", "channel", "status", "code", "told"), FOR_EVER)
async def test_what_is_for_ever_fails_at_once_with_the_provider_s_code(
    pool: Pool, carriers: Carriers, provider: Provider, channel: Channel, status: int, code: int, told: str
) -> None:
    carriers.behaviour = Behaviour(status=status, error_code=code)
    ours = await queue(pool, provider, channel)
    await send_due(service_on(pool, carriers.url))
    [changed] = await said(pool, ours.distributor_id, of=MessageStatusChanged)
    assert (changed.status, changed.error_code) == (MessageStatus.FAILED, told)


async def test_a_provider_that_cannot_speak_the_channel_is_said_so(pool: Pool, carriers: Carriers) -> None:
    ours = await queue(pool, Provider.SENDGRID, Channel.SMS)
    await send_due(service_on(pool, carriers.url))
    assert [row["error_code"] for row in await rows(pool, ours.distributor_id)] == ["CHANNEL_NOT_SUPPORTED"]


@pytest.mark.parametrize("mailer", MAILERS)
async def test_a_mail_whose_answer_got_lost_is_sent_again_soon_as_the_same_mail(pool: Pool, carriers: Carriers, mailer: Provider) -> None:
    carriers.behaviour = Behaviour(status=504, take_all_the_same=True, times=1)
    ours = await queue(pool, mailer, Channel.EMAIL)
    service = service_on(pool, carriers.url)

    await send_due(service)
    [row] = await rows(pool, ours.distributor_id)
    assert row["run_after"] - row["updated_at"] < timedelta(seconds=2)
    await make_due(pool, ours.distributor_id)
    await send_due(service)

    first, second = carriers.taken
    assert first.body == second.body
    assert f"<{ours.message_id}@harbor.example>" in json.dumps(first.body)


async def test_no_secret_and_nothing_that_was_written_reaches_the_log(
    pool: Pool, carriers: Carriers, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    for provider, channel in CHANNELS:
        await queue(pool, provider, channel)
        await queue(
            pool,
            provider,
            channel,
            credentials={
                "account_sid": "AC0001",
                "auth_token": "hush\n",
                "api_key": "hush\n",
                "domain": "mg.harbor.example",
                "server_token": "hush\n",
            },
        )

    await send_due(service_on(pool, carriers.url))

    logged = "".join(capsys.readouterr()) + caplog.text
    assert "message_tried" in logged
    for secret in ("hush", "auth-token", "SG.key", "mailgun-key", "server-token", "milk", "anna@", "+15550001"):
        assert secret not in logged
