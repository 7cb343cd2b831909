"""Channels beside WhatsApp, whole: an account is connected by the API, customers write by it, and their answers leave by the same provider."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from uuid import UUID, uuid4

import aiohttp
import pytest
import pytest_asyncio
from twilio.request_validator import RequestValidator

from deploy.commands import seed, seed_content
from deploy.commands.token import token_for
from deploy.demo import command
from deploy.demo.stand_ins.carriers import Carriers, Secrets, Taken
from deploy.local.environment import CARRIERS
from deploy.local.stack import Stack
from libs.auth import Role
from schemas.contact import Channel, conversation_id
from tests.message_store.media import pdf

pytestmark = [pytest.mark.journeys, pytest.mark.timeout(300)]

HARBOR = next(each for each in seed_content.read(seed.CONTENT) if each.distributor.subdomain == "harbor-foods")
SECRETS = Secrets(
    twilio_account_sid="AC" + "1" * 32, twilio_auth_token="t" * 32, sendgrid_api_key="SG.k", mailgun_api_key="key-m", postmark_server_token="pm-token"
)
MAIL_SECRET = "a-word-in-postmarks-settings"
WITHIN_SECONDS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """The distributor's staff, at the services' APIs."""

    stack: Stack
    session: aiohttp.ClientSession
    token: str

    async def call(self, method: str, service: str, path: str, body: object = None) -> Any:
        """Call a route; everything but a success fails the test."""
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": str(uuid4())}
        async with self.session.request(method, self.stack.url(service) + path, json=body, headers=headers) as response:
            answer = await response.json()
            assert response.status < 300, answer
            return answer

    async def connect(self, **integration: Any) -> str:
        """Connect an account; returns the integration's id."""
        return (await self.call("POST", "ingest", "/v1/integrations", {"display_name": "Orders", **integration}))["id"]

    async def orders_of(self, customer_id: UUID, channel: str) -> list[Any]:
        """What the customer ordered by a channel."""
        orders = (await self.call("GET", "order_session", "/v1/orders?limit=200"))["items"]
        return [order for order in orders if (order["customer_id"], order["channel"]) == (str(customer_id), channel)]


@pytest_asyncio.fixture
async def carriers(stack: Stack) -> AsyncIterator[Carriers]:
    """The providers' APIs, where the services look for them."""
    async with Carriers(SECRETS, urlsplit(stack.url(CARRIERS)).port or 0) as running:
        yield running


@pytest_asyncio.fixture
async def office(stack: Stack) -> AsyncIterator[Office]:
    """The staff of a seeded distributor."""
    urls = {name: stack.environment(name)["COMANDA_DATABASE_URL"] for name in stack.names}
    report = await seed.seed(urls)
    await command.wait_until_known(urls, {each.distributor_id: each.customers for each in report.distributors})
    async with aiohttp.ClientSession() as session:
        yield Office(stack=stack, session=session, token=token_for(stack, HARBOR.distributor.id, Role.ADMIN))


async def until(condition: Callable[[], Any]) -> Any:
    """Wait for a condition of the whole system, which nobody tells us of, and return what it found."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.05)
    return found


def sent(carriers: Carriers, to: str, beginning: int = 0) -> list[Taken]:
    """What the providers were given for an address."""
    return [each for each in carriers.taken[beginning:] if to in (each.body.get("To"), each.body.get("to"))]


async def add_contact(office: Office, customer_id: UUID, channel: str, address: str) -> None:
    """Let an address write for a customer, and wait until ingest knows it."""
    await office.call("POST", "accounts", f"/v1/customers/{customer_id}/contacts", {"channel": channel, "address": address})
    urls = {name: office.stack.environment(name)["COMANDA_DATABASE_URL"] for name in office.stack.names}
    customers = {HARBOR.distributor.id: len(HARBOR.customers)}
    await command.wait_until_known(urls, customers)


async def test_an_order_by_sms_is_answered_by_sms_and_its_answers_are_followed(stack: Stack, carriers: Carriers, office: Office) -> None:
    ours, theirs, customer = "+15550299001", "+15550298001", HARBOR.customers[0]
    credentials = {"account_sid": SECRETS.twilio_account_sid, "auth_token": SECRETS.twilio_auth_token}
    integration = await office.connect(provider="Twilio", channel="SMS", external_account_id=ours, credentials=credentials)
    await add_contact(office, customer.id, "SMS", theirs)

    async def post(path: str, form: dict[str, str]) -> None:
        url = stack.environment("ingest")["COMANDA_PUBLIC_URL"] + path
        headers = {
            "X-Twilio-Signature": RequestValidator(SECRETS.twilio_auth_token).compute_signature(url, form),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        async with office.session.post(stack.url("ingest") + path, data=urlencode(form), headers=headers) as response:
            assert (response.status, response.content_type) == (200, "text/xml")

    async def say(text: str) -> None:
        sides = {"From": theirs, "To": ours, "AccountSid": SECRETS.twilio_account_sid}
        await post(f"/webhooks/twilio/{integration}", {"MessageSid": f"SM{uuid4().hex}", "Body": text, "NumMedia": "0"} | sides)

    await say("6 cs whole milk please")
    await say("that's all")
    summary = await until(lambda: sent(carriers, theirs))
    await say("yes")
    await until(lambda: len(sent(carriers, theirs)) > len(summary))

    assert [order["status"] for order in await office.orders_of(customer.id, "SMS")] == ["CONFIRMED"]
    first = summary[0]
    assert (first.provider, first.body["From"]) == ("Twilio", ours)
    callback = urlsplit(first.body["StatusCallback"])
    await post(
        f"{callback.path}?{callback.query}",
        {"MessageSid": first.external_id, "MessageStatus": "delivered", "From": ours, "To": theirs, "AccountSid": SECRETS.twilio_account_sid},
    )
    await until_delivered(office, theirs, first.external_id)


async def until_delivered(office: Office, address: str, external_id: str) -> None:
    """Wait until the inbox shows that our message arrived."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while True:
        [conversation] = (await office.call("GET", "message_store", f"/v1/conversations?channel=SMS&address={quote(address)}"))["items"]
        messages = (await office.call("GET", "message_store", f"/v1/conversations/{conversation['id']}/messages?limit=200"))["items"]
        if [each["status"] for each in messages if each["external_message_id"] == external_id] == ["DELIVERED"]:
            return
        assert time.monotonic() < deadline, messages
        await asyncio.sleep(0.1)


async def until_collected(office: Office, conversation: UUID, items: int) -> None:
    """Wait until the open order of a conversation has so many items."""
    deadline = time.monotonic() + WITHIN_SECONDS
    headers = {"Authorization": f"Bearer {office.token}"}
    while True:
        async with office.session.get(f"{office.stack.url('order_session')}/v1/conversations/{conversation}/session", headers=headers) as response:
            session = await response.json()
        if response.status == 200 and len(session["items"]) == items:
            return
        assert time.monotonic() < deadline, session
        await asyncio.sleep(0.1)


async def test_an_order_that_is_mailed_as_a_pdf_is_read_and_answered_in_its_thread(stack: Stack, carriers: Carriers, office: Office) -> None:
    ours, theirs, customer = "orders@harbor.example", "kitchen@trattoria.example", HARBOR.customers[1]
    integration = await office.connect(
        provider="Postmark",
        channel="EMAIL",
        external_account_id=ours,
        credentials={"server_token": SECRETS.postmark_server_token},
        webhook_secret=MAIL_SECRET,
    )
    await add_contact(office, customer.id, "EMAIL", theirs)
    order = pdf([["6", "cs", "whole milk"], ["2", "cs", "bacon"]])

    async def mail(text: str, *files: tuple[str, bytes]) -> str:
        message_id = f"<{uuid4()}@trattoria.example>"
        body = {
            "FromFull": {"Email": theirs, "Name": "Kitchen"},
            "OriginalRecipient": ours,
            "Subject": "Our order",
            "TextBody": text,
            "Headers": [{"Name": "Message-ID", "Value": message_id}],
            "Attachments": [
                {"Name": name, "ContentType": "application/pdf", "Content": base64.b64encode(content).decode()} for name, content in files
            ],
        }
        password = base64.b64encode(f"postmark:{MAIL_SECRET}".encode()).decode()
        url, headers = f"{stack.url('ingest')}/webhooks/postmark/{integration}", {"Authorization": f"Basic {password}"}
        async with office.session.post(url, json=body, headers=headers) as response:
            assert response.status == 200, await response.text()
        return message_id

    await mail("Please see the attached order.", ("order.pdf", order))
    await until_collected(office, conversation_id(HARBOR.distributor.id, Channel.EMAIL, customer.id), 2)
    asked = await mail("that's all")
    [summary] = await until(lambda: sent(carriers, theirs))
    await mail("yes")
    await until(lambda: len(sent(carriers, theirs)) > 1)

    [booked] = await office.orders_of(customer.id, "EMAIL")
    assert booked["status"] == "CONFIRMED"
    found = await office.call("GET", "order_session", f"/v1/orders/{booked['id']}")
    assert [(line["product_name"], line["quantity"]) for line in found["lines"]] == [("Whole Milk Gallon", "6.000"), ("Bacon Sliced 14/18", "2.000")]
    assert summary.body["Subject"] == "Re: Our order"
    assert {"Name": "In-Reply-To", "Value": asked} in summary.body["Headers"]
