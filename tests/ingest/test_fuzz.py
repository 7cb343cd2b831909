"""Whatever a provider signs, there is an answer, and never that we failed. `make fuzz` tries 100,000 calls, COMANDA_FUZZ_EXAMPLES says how many."""

import base64
import hashlib
import hmac
import os
import time
from dataclasses import dataclass, replace
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from libs.channels import form
from libs.channels.inbound import NotUnderstood
from libs.postgres import Pool
from schemas.integration_changed import Provider
from tests.channels.test_twilio import Repeating
from tests.ingest import providers
from tests.ingest.conftest import Ingest, Request, Tenant, messages, signature_of
from tests.ingest.providers import WAYS, Way

EXAMPLES = int(os.environ.get("COMANDA_FUZZ_EXAMPLES", "2000")) // len(WAYS)

CALLS_EACH = 100
GOOD_ONE_IN = 10
"""After some of the refusals a good call is tried, and served still."""

NOT_TEXT = [b"\x00", b"\\u0000", b"\\ud800", b"%00", b"\xff\xfe", b"%ed%a0%80", b"=?utf-8?q?=00?=", b"\r\n", b"x" * 600]
NOT_FORM = [b"null", b"true", b"1e999", b"NaN", b"-1", b"9" * 400, b"{", b"]", b'"', b"[]", b"{}", b'""', b"&", b"=", b"--xYzZY"]
OTHER_TYPES = [b"text", b"order", b"edit", b"reaction", b"EMAIL"]
HOSTILE = st.sampled_from([*NOT_TEXT, *NOT_FORM, *OTHER_TYPES])
CUT = st.tuples(st.floats(0, 1), st.integers(0, 12), HOSTILE | st.binary(max_size=6) | st.just(b""))


def mutated(body: bytes, cuts: list[tuple[float, int, bytes]]) -> bytes:
    """Put each text in some place of the body, instead of some bytes."""
    for place, length, instead in cuts:
        at = int(place * len(body))
        body = body[:at] + instead + body[at + length :]
    return body


def signed(way: Way, ingest: Ingest, request: Request, body: bytes) -> Request:
    """The request with another body, signed by the provider."""
    headers, now = dict(request.headers), str(int(time.time()))
    match way.provider:
        case Provider.META:
            headers["X-Hub-Signature-256"] = signature_of(body)
        case Provider.TWILIO:
            headers["X-Twilio-Signature"] = RequestValidator(providers.AUTH_TOKEN).compute_signature(ingest.address + request.path, _parameters(body))
        case Provider.SENDGRID:
            signature = providers.SENDGRID_KEY.sign(now.encode() + body, ec.ECDSA(hashes.SHA256()))
            headers["X-Twilio-Email-Event-Webhook-Signature"] = base64.b64encode(signature).decode()
            headers["X-Twilio-Email-Event-Webhook-Timestamp"] = now
        case Provider.MAILGUN:
            proof = {"timestamp": now, "token": uuid4().hex}
            signature = hmac.new(providers.SIGNING_KEY.encode(), (now + proof["token"]).encode(), hashlib.sha256).hexdigest()
            body += b"&" + urlencode(proof | {"signature": signature}).encode()
        case Provider.GATEWAY:
            key = base64.b64decode(providers.GATEWAY_SECRET.removeprefix("whsec_"))
            digest = hmac.new(key, f"{headers['webhook-id']}.{now}.".encode() + body, hashlib.sha256).digest()
            headers |= {"webhook-timestamp": now, "webhook-signature": f"v1,{base64.b64encode(digest).decode()}"}
        case Provider.POSTMARK:
            pass
    return replace(request, body=body, headers=headers)


def _parameters(body: bytes) -> Repeating:
    found = Repeating()
    try:
        fields = form.read("application/x-www-form-urlencoded", body).fields
    except NotUnderstood:
        return found
    for name, value in fields:
        found.setdefault(name, []).append(value.decode(errors="replace"))
    return found


@pytest.fixture(params=WAYS, ids=lambda way: way.name)
def way(request: pytest.FixtureRequest) -> Way:
    """Each way in."""
    return request.param


@dataclass(slots=True, kw_only=True)
class Examples:
    """Who the calls are for: each tenant has some of them, so that what it has stays small."""

    way: Way
    pool: Pool
    tried: int = 0
    tenant: Tenant | None = None
    stored: int = 0

    async def next(self) -> Tenant:
        """Return whom the next call is for."""
        if self.tenant is None or self.tried % CALLS_EACH == 0:
            self.tenant, self.stored = await self.way.connect(self.pool), 0
        self.tried += 1
        return self.tenant

    async def newly_stored(self, tenant: Tenant) -> int:
        """Return how many messages were stored since this was asked."""
        before, self.stored = self.stored, len(await messages(self.pool, tenant))
        return self.stored - before


@pytest.fixture
def examples(way: Way, pool: Pool) -> Examples:
    """The examples of a way in."""
    return Examples(way=way, pool=pool)


@pytest.mark.timeout(0)
@given(cuts=st.lists(CUT, min_size=1, max_size=6))
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_no_call_makes_us_fail(cuts: list[tuple[float, int, bytes]], way: Way, ingest: Ingest, examples: Examples) -> None:
    tenant = await examples.next()
    request = way.request(ingest, tenant, f"m{examples.tried}", "3 cs jalapeño")
    answer = await ingest.call(signed(way, ingest, request, mutated(request.body, cuts)))
    assert answer.status in {200, 400, 401, 404, 413}, answer
    if answer.status == 200:
        assert await examples.newly_stored(tenant) <= 1
        return
    assert answer.headers["Content-Type"] == "application/problem+json"
    if examples.tried % GOOD_ONE_IN == 0:
        assert (await ingest.call(way.request(ingest, tenant, f"good{uuid4()}", "3 cs whole milk"))).status == 200
        assert await examples.newly_stored(tenant) == 1
