"""Customers who write by SMS, and a Twilio that delivers again until it gets its 200."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import aiohttp
from twilio.request_validator import RequestValidator

from deploy.commands import seed_content
from deploy.commands.token import token_for
from deploy.demo.stand_ins.carriers import Carriers, Secrets
from deploy.local.environment import CARRIERS
from deploy.local.stack import Stack
from libs.auth import Role
from tests.faults.customers import DELIVER_AGAIN_SECONDS, Customer
from tests.faults.opening import SHOP

OURS = "+15550299002"
SECRETS = Secrets(
    twilio_account_sid="AC" + "2" * 32, twilio_auth_token="t" * 32, sendgrid_api_key="k", mailgun_api_key="k", postmark_server_token="t"
)


@dataclass(frozen=True, slots=True)
class Twilio:
    """Delivers to one integration of the shop; it signs for `url`, and calls `address`."""

    url: str
    address: str

    async def deliver_until_taken(self, session: aiohttp.ClientSession, customer: Customer, text: str, sid: str) -> None:
        """Deliver one message, and again until it is answered with 200."""
        form = {"MessageSid": sid, "AccountSid": SECRETS.twilio_account_sid, "From": customer.number, "To": OURS, "Body": text, "NumMedia": "0"}
        headers = {
            "X-Twilio-Signature": RequestValidator(SECRETS.twilio_auth_token).compute_signature(self.url, form),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        while True:
            try:
                async with session.post(self.address, data=urlencode(form), headers=headers) as response:
                    if response.status == HTTPStatus.OK:
                        return
            except (aiohttp.ClientError, TimeoutError, OSError):
                pass
            await asyncio.sleep(DELIVER_AGAIN_SECONDS)


async def connect_twilio(stack: Stack) -> Twilio:
    """Connect a number to the shop."""
    headers = {"Authorization": f"Bearer {token_for(stack, seed_content.distributor_id(SHOP), Role.ADMIN)}", "Idempotency-Key": str(uuid4())}
    wanted = {
        "provider": "Twilio",
        "channel": "SMS",
        "external_account_id": OURS,
        "display_name": "SMS",
        "config": {"messages_per_second": 100},
        "credentials": {"account_sid": SECRETS.twilio_account_sid, "auth_token": SECRETS.twilio_auth_token},
    }
    async with aiohttp.ClientSession() as session, session.post(stack.url("ingest") + "/v1/integrations", json=wanted, headers=headers) as answer:
        assert answer.status == HTTPStatus.CREATED, await answer.text()
        path = f"/webhooks/twilio/{(await answer.json())['id']}"
    return Twilio(stack.environment("ingest")["COMANDA_PUBLIC_URL"] + path, stack.url("ingest") + path)


def carriers(stack: Stack) -> Carriers:
    """Return the stand-in that takes what outbound sends by Twilio, not started."""
    return Carriers(SECRETS, urlsplit(stack.url(CARRIERS)).port or 0)


def replies_by(taken: Carriers) -> list[str]:
    """Return our ids of the messages that Twilio was given."""
    return [parse_qs(urlsplit(each.body["StatusCallback"]).query)["message_id"][0] for each in taken.taken]
