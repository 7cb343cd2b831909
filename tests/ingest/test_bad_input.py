"""What is not to be taken in: a problem that helps, nothing stored, and the next good webhook is served."""

import json
from collections.abc import AsyncIterator

import pytest

from deploy.demo.stand_ins.customer_messages import text_message, webhook
from libs.postgres import Pool
from tests.ingest.conftest import LARGEST_BODY, VERIFY_TOKEN, Ingest, Tenant, messages, receipts, signature_of
from tests.serving import Answer


def good(tenant: Tenant, wamid: str = "wamid.good", text: str = "3 cs whole milk") -> bytes:
    """A webhook with one message."""
    return json.dumps(webhook(text_message(tenant.number, "+15550100001", text, wamid))).encode()


async def is_refused(answer: Answer, status: int, sentence: str, ingest: Ingest, pool: Pool, tenant: Tenant) -> None:
    """Hold a refusal against what it must be, and see that the next good webhook is served."""
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body["status"] == status
    assert sentence in answer.body["detail"]
    assert await receipts(pool, tenant) == []
    assert await messages(pool, tenant) == []

    assert (await ingest.post_signed(good(tenant, "wamid.next"))).status == 200
    assert [message.external_message_id for message in await messages(pool, tenant)] == ["wamid.next"]
    assert len(await receipts(pool, tenant)) == 1


@pytest.mark.parametrize("signature", [None, "", "sha256=", "sha256=" + "0" * 64, signature_of(b"another body"), "sha256=ünlesbar"])
async def test_a_webhook_that_is_not_signed_with_the_app_secret_is_unauthorized(
    signature: str | None, ingest: Ingest, pool: Pool, tenant: Tenant
) -> None:
    answer = await ingest.post(good(tenant), signature)
    await is_refused(answer, 401, "X-Hub-Signature-256 must be sha256= and the HMAC of the raw body", ingest, pool, tenant)


async def test_a_signature_of_the_same_json_in_other_bytes_is_wrong(ingest: Ingest, pool: Pool, tenant: Tenant) -> None:
    body = good(tenant)
    answer = await ingest.post(body + b"\n", signature_of(body))
    await is_refused(answer, 401, "raw body", ingest, pool, tenant)


async def test_messages_to_an_unknown_number_are_not_found(ingest: Ingest, pool: Pool, tenant: Tenant) -> None:
    answer = await ingest.tell(text_message("404404404", "+15550100001", "3 cs whole milk", "wamid.1"))
    await is_refused(answer, 404, "no distributor is connected to this phone_number_id", ingest, pool, tenant)


async def test_a_body_that_says_it_is_too_large_is_refused(ingest: Ingest, pool: Pool, tenant: Tenant) -> None:
    answer = await ingest.post_signed(good(tenant, text="x" * LARGEST_BODY))
    await is_refused(answer, 413, f"larger than {LARGEST_BODY} bytes", ingest, pool, tenant)


async def test_a_body_that_does_not_say_how_large_it_is_is_refused_when_it_gets_too_large(ingest: Ingest, pool: Pool, tenant: Tenant) -> None:
    body = good(tenant, text="x" * LARGEST_BODY)

    async def in_pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 1_000):
            yield body[start : start + 1_000]

    answer = await ingest.post(in_pieces(), signature_of(body))
    await is_refused(answer, 413, f"larger than {LARGEST_BODY} bytes", ingest, pool, tenant)


async def test_a_body_of_just_the_allowed_size_is_taken(ingest: Ingest, pool: Pool, tenant: Tenant) -> None:
    body = good(tenant)
    assert (await ingest.post_signed(body + b" " * (LARGEST_BODY - len(body)))).status == 200
    assert len(await messages(pool, tenant)) == 1


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 10_000, b'{"object": "whatsapp_business_account"} x'])
async def test_a_body_that_is_not_json_is_a_bad_request(body: bytes, ingest: Ingest, pool: Pool, tenant: Tenant) -> None:
    await is_refused(await ingest.post_signed(body), 400, "not JSON of the WhatsApp Cloud API's form", ingest, pool, tenant)


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ([], "not JSON of the WhatsApp Cloud API's form"),
        ({"object": "page", "entry": []}, "object must be whatsapp_business_account"),
        ({"object": "whatsapp_business_account", "entry": {}}, "form (object, entry, changes, value)"),
        (
            {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "messages", "value": {}}]}]},
            "form (object, entry, changes, value)",
        ),
    ],
)
async def test_json_of_another_form_is_a_bad_request(form: object, sentence: str, ingest: Ingest, pool: Pool, tenant: Tenant) -> None:
    await is_refused(await ingest.post_signed(json.dumps(form).encode()), 400, sentence, ingest, pool, tenant)


async def test_one_unreadable_message_keeps_its_whole_webhook_out(ingest: Ingest, pool: Pool, tenant: Tenant) -> None:
    unreadable = text_message(tenant.number, "+15550100001", "2 cs eggs", "wamid.2")
    del unreadable["value"]["messages"][0]["timestamp"]
    answer = await ingest.tell(text_message(tenant.number, "+15550100001", "3 cs whole milk", "wamid.1"), unreadable)
    await is_refused(answer, 400, "form", ingest, pool, tenant)


async def test_meta_may_subscribe_with_the_right_token(ingest: Ingest) -> None:
    asked = {"hub.mode": "subscribe", "hub.verify_token": VERIFY_TOKEN, "hub.challenge": "1158201444"}
    async with ingest.session.get("/webhooks/whatsapp", params=asked) as response:
        assert response.status == 200
        assert response.content_type == "text/plain"
        assert await response.text() == "1158201444"


@pytest.mark.parametrize(
    ("changed", "status"),
    [({"hub.verify_token": "guessed"}, 403), ({"hub.verify_token": ""}, 403), ({"hub.verify_token": "ü"}, 403), ({"hub.mode": "unsubscribe"}, 403)],
)
async def test_nobody_else_gets_the_challenge_back(changed: dict[str, str], status: int, ingest: Ingest) -> None:
    asked = {"hub.mode": "subscribe", "hub.verify_token": VERIFY_TOKEN, "hub.challenge": "1158201444"} | changed
    async with ingest.session.get("/webhooks/whatsapp", params=asked) as response:
        assert response.status == status
        assert response.content_type == "application/problem+json"
        assert "1158201444" not in await response.text()


@pytest.mark.parametrize("missing", ["hub.mode", "hub.verify_token", "hub.challenge"])
async def test_a_challenge_must_be_whole(missing: str, ingest: Ingest) -> None:
    asked = {"hub.mode": "subscribe", "hub.verify_token": VERIFY_TOKEN, "hub.challenge": "1158201444"}
    del asked[missing]
    async with ingest.session.get("/webhooks/whatsapp", params=asked) as response:
        assert response.status == 422
        assert missing in await response.text()
