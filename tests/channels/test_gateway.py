"""What a gateway posts: signed as the library of Standard Webhooks signs, and of the published form."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from libs.channels import gateway
from libs.channels.inbound import Inbound, NotUnderstood, Status
from schemas.contact import Channel, Sender
from schemas.gateway_status import GatewayStatus
from schemas.message import MessageStatus, MessageType

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
MESSAGE: dict[str, Any] = {"id": "m1", "channel": "SMS", "sender": "+15550100001", "text": "3 cs milk", "sent_at": "2026-11-22T09:30:00Z"}


def signed(key: bytes, body: str, at: datetime) -> tuple[str, dict[str, str]]:
    """A secret, and the headers that the library makes of it."""
    secret = "whsec_" + base64.b64encode(key).decode()
    signature = Webhook(secret).sign("msg_1", at, body)
    return secret, {"webhook-id": "msg_1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


@given(st.binary(min_size=24, max_size=64), st.text(st.characters(codec="utf-8")))
def test_a_signature_is_the_one_of_the_library(key: bytes, body: str) -> None:
    secret, headers = signed(key, body, NOW)
    assert gateway.is_signed(secret, headers, body.encode(), NOW)
    assert gateway.is_signed(secret, headers | {"webhook-signature": "v1,old v2,other " + headers["webhook-signature"]}, body.encode(), NOW)
    assert not gateway.is_signed(secret, headers, body.encode() + b" ", NOW)
    assert not gateway.is_signed(secret, headers | {"webhook-id": "msg_2"}, body.encode(), NOW)
    assert not gateway.is_signed("whsec_" + base64.b64encode(key + b"x").decode(), headers, body.encode(), NOW)


@pytest.mark.parametrize(("off", "fits"), [(timedelta(minutes=4), True), (timedelta(minutes=6), False), (-timedelta(minutes=6), False)])
def test_a_call_of_another_time_is_not_signed(off: timedelta, fits: bool) -> None:
    secret, headers = signed(b"k" * 32, "{}", NOW)
    assert gateway.is_signed(secret, headers, b"{}", NOW + off) is fits


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("value", [None, "", "x", "99999999999999999999", "-1", "\udcff"])
def test_a_header_that_is_missing_or_nonsense_is_no_proof(name: str, value: str | None) -> None:
    secret, headers = signed(b"k" * 32, "{}", NOW)
    del headers[name]
    assert not gateway.is_signed(secret, headers | ({name: value} if value is not None else {}), b"{}", NOW)


def read(**more: Any) -> Inbound:
    """The message, with some of it changed."""
    (inbound,) = gateway.read(json.dumps(MESSAGE | more).encode(), "+15550200001")
    assert isinstance(inbound, Inbound)
    return inbound


def test_a_message_is_read_whole() -> None:
    inbound = read(
        sender_name="Mario",
        account="+15550200002",
        type="INTERACTIVE",
        choice_id="confirm:7",
        reply_to="m0",
        cart=[{"sku": "MILK", "quantity": 3, "price": "12.50", "currency": "USD"}],
        attachments=[{"url": "https://files.example/1", "mime_type": "image/jpeg"}],
    )
    assert (inbound.channel, inbound.account, inbound.sender) == (Channel.SMS, "+15550200002", Sender(address="+15550100001", display_name="Mario"))
    assert (inbound.content, inbound.message_type, inbound.reply_to_external_id, inbound.sent_at) == ("3 cs milk", MessageType.INTERACTIVE, "m0", NOW)
    assert (inbound.parts.choice_id, inbound.parts.cart[0].sku, inbound.attachments[0].url) == ("confirm:7", "MILK", "https://files.example/1")
    assert read().account == "+15550200001"
    assert read(channel="EMAIL", sender="Mario@Pizza.Example").sender.address == "mario@pizza.example"


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"sender": "5550100001"}, "E.164"),
        ({"channel": "EMAIL"}, "mail address"),
        ({"channel": "PIGEON"}, "channel"),
        ({"id": ""}, "id"),
        ({"sent_at": "2026-11-22T09:30:00"}, "sent_at"),
        ({"text": "x" * 20_001}, "text"),
        ({"text": ""}, "at least one of text"),
        ({"txt": "3 cs milk"}, "txt"),
        ({"text": "a\x00b"}, "NUL"),
        ({"cart": [{"sku": "MILK", "quantity": 0}]}, "cart.0.quantity"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_written_is_not(more: dict[str, Any], sentence: str) -> None:
    with pytest.raises(NotUnderstood, match=sentence) as refused:
        read(**more)
    assert "3 cs milk" not in str(refused.value)
    assert len(str(refused.value)) < 1_500


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"3", b"[" * 5_000, b"\xff", json.dumps([MESSAGE] * 501).encode()])
def test_another_form_is_not_understood(body: bytes) -> None:
    with pytest.raises(NotUnderstood):
        gateway.read(body, "x")


def test_a_list_is_read_in_its_order() -> None:
    many = [MESSAGE | {"id": f"m{number}"} for number in range(500)]
    assert [each.external_message_id for each in gateway.read(json.dumps(many).encode(), "x")] == [message["id"] for message in many]


STATUS: dict[str, Any] = {
    "status": "DELIVERED",
    "message_id": "00000000-0000-0000-0000-000000000007",
    "channel": "EMAIL",
    "to": "Mario@Pizza.example",
    "status_at": "2026-11-22T09:30:00Z",
}


def test_what_became_of_a_message_of_ours_is_read_among_messages() -> None:
    message, status = gateway.read(json.dumps([MESSAGE, STATUS | {"id": "pbx-1", "status": "FAILED", "error_code": "NO_CREDIT"}]).encode(), "x")
    assert isinstance(message, Inbound)
    assert isinstance(status, Status)
    assert (status.message_id, status.external_message_id, status.address) == (UUID(int=7), "pbx-1", "mario@pizza.example")
    assert (status.status, status.error_code, status.status_at) == (MessageStatus.FAILED, "NO_CREDIT", NOW)


def test_a_status_that_names_no_id_of_the_gateways_names_ours() -> None:
    (status,) = gateway.read(json.dumps(STATUS).encode(), "x")
    assert (status.external_message_id, status.raw) == (str(UUID(int=7)), GatewayStatus.model_validate(STATUS).model_dump_json())


@pytest.mark.parametrize(
    ("more", "sentence"),
    [({"status": "QUEUED"}, "status"), ({"message_id": "7"}, "message_id"), ({"text": "3 cs milk"}, "text"), ({"status_at": "today"}, "status_at")],
)
def test_a_status_of_another_form_is_not_understood(more: dict[str, Any], sentence: str) -> None:
    with pytest.raises(NotUnderstood, match=sentence) as refused:
        gateway.read(json.dumps(STATUS | more).encode(), "x")
    assert "3 cs milk" not in str(refused.value)


@given(st.binary(min_size=24, max_size=64), st.binary())
def test_what_we_sign_the_library_verifies(key: bytes, body: bytes) -> None:
    secret, now = "whsec_" + base64.b64encode(key).decode(), datetime.now(UTC)
    headers = gateway.headers(secret, "m1", body, now)
    assert gateway.is_signed(secret, headers, body, now)
    text = json.dumps({"text": base64.b64encode(body).decode()})
    assert Webhook(secret).verify(text, gateway.headers(secret, "m1", text.encode(), now)) == json.loads(text)
