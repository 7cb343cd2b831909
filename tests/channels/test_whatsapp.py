"""Reading what the WhatsApp Cloud API sends: whatever the bytes, there is an answer, and every type of message means something."""

import hashlib
import hmac
import json
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.stand_ins.customer_messages import image_message, status, text_message, webhook
from libs.channels import whatsapp
from libs.channels.inbound import Amendment, Ignored, Inbound, Incoming, Status
from libs.channels.whatsapp import NotWhatsApp
from schemas.attachment import Attachment
from schemas.contact import Sender
from schemas.message import CartItem, MessageStatus, MessageType

NUMBER, MARIO = "1055001", "+15550100001"
OUR_ID = UUID("00000000-0000-0000-0000-00000000b001")
SECRET = "the-secret-of-the-app"

Json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
TEXT = st.text(max_size=20) | st.sampled_from(["", "+", "\x00", "1555\x00", "+1555"])
NAMED = st.text(min_size=1, max_size=20)
PART = st.dictionaries(
    st.sampled_from(["body", "caption", "id", "mime_type", "title", "text", "button_reply", "list_reply"]), TEXT | Json, max_size=4
)
TYPE = (
    st.sampled_from(
        [
            "text",
            "image",
            "audio",
            "interactive",
            "button",
            "order",
            "edit",
            "revoke",
            "reaction",
            "system",
            "contacts",
            "location",
            "id",
            "from",
            "type",
            "model_extra",
            "\x00",
        ]
    )
    | TEXT
)
MESSAGE = st.fixed_dictionaries(
    {"id": NAMED, "timestamp": st.integers(0, 32_503_680_000).map(str), "type": TYPE, "from": TEXT, "from_user_id": TEXT},
    optional={"context": st.fixed_dictionaries({"id": TEXT}), "audio": PART | Json} | dict.fromkeys(("text", "image", "interactive", "button"), PART),
)
CONTACT = st.fixed_dictionaries({}, optional={"wa_id": TEXT, "user_id": TEXT, "profile": st.fixed_dictionaries({"name": TEXT})})
VALUE = st.fixed_dictionaries(
    {
        "metadata": st.fixed_dictionaries({"phone_number_id": NAMED}),
        "contacts": st.lists(CONTACT, max_size=2),
        "messages": st.lists(MESSAGE, min_size=1, max_size=2),
    }
)


def hook(value: object) -> dict[str, Any]:
    """A webhook with this value."""
    return webhook({"field": "messages", "value": value})


def read_any(body: dict[str, Any]) -> Incoming:
    """What one of Mario's webhooks with this message tells."""
    change = text_message(NUMBER, MARIO, "", "wamid.1", name="Mario", timestamp=1_795_000_000)
    change["value"]["messages"][0].pop("text")
    change["value"]["messages"][0] |= body
    (incoming,) = whatsapp.read(json.dumps(webhook(change)).encode())
    return incoming


def read_one(body: dict[str, Any]) -> Inbound:
    """The one message of one of Mario's webhooks with this message."""
    inbound = read_any(body)
    assert isinstance(inbound, Inbound)
    return inbound


@given(st.binary())
def test_any_bytes_are_a_list_or_not_whatsapp(body: bytes) -> None:
    with suppress(NotWhatsApp):
        assert isinstance(whatsapp.read(body), list)


@given(Json | Json.map(hook) | Json.map(lambda message: hook({"metadata": {"phone_number_id": NUMBER}, "messages": [message]})))
def test_any_json_is_a_list_or_not_whatsapp(form: object) -> None:
    with suppress(NotWhatsApp):
        assert isinstance(whatsapp.read(json.dumps(form).encode()), list)


@given(VALUE)
def test_whatever_a_message_says_it_is_read_whole_or_not_whatsapp(value: dict[str, Any]) -> None:
    try:
        found = whatsapp.read(json.dumps(hook(value)).encode())
    except NotWhatsApp:
        assert "\x00" in value["metadata"]["phone_number_id"] + "".join(message["id"] for message in value["messages"])
        return
    for inbound in found:
        assert inbound.account
        assert inbound.external_message_id
        if not isinstance(inbound, Inbound):
            continue
        assert inbound.sender.address
        assert inbound.sent_at.tzinfo is UTC
        assert json.loads(inbound.raw)["id"] == inbound.external_message_id
        stored = [inbound.account, inbound.external_message_id, inbound.content, inbound.reply_to_external_id or "", *_texts(inbound)]
        assert "\x00" not in "".join(stored)


def _texts(inbound: Inbound) -> list[str]:
    parts = [inbound.sender, *inbound.attachments]
    return [value for part in parts for value in part.model_dump().values() if value is not None]


@given(st.binary(), st.text(min_size=1), st.text() | st.none())
def test_only_the_hmac_of_the_very_bytes_is_a_signature(body: bytes, secret: str, guess: str | None) -> None:
    right = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    assert whatsapp.is_signed(secret, body, right)
    assert whatsapp.is_signed(secret, body, guess) is (guess == right)
    assert not whatsapp.is_signed(secret, body + b"\n", right)
    assert not whatsapp.is_signed(secret + "x", body, right)
    assert not whatsapp.is_signed(secret, body, right.removeprefix("sha256="))


def test_a_signature_is_the_one_that_openssl_makes() -> None:
    # printf '{"object":"page"}' | openssl dgst -sha256 -hmac the-secret-of-the-app
    assert whatsapp.is_signed(SECRET, b'{"object":"page"}', "sha256=b54509dac17d96b6395a27e57d633542962e37f84ef0d6970b35f792c62034b2")


@pytest.mark.parametrize(
    ("body", "message_type", "content"),
    [
        ({"type": "text", "text": {"body": "3 cs whole milk"}}, MessageType.TEXT, "3 cs whole milk"),
        ({"type": "text", "text": {"body": "line\nbreak\x00"}}, MessageType.TEXT, "line\nbreak"),
        ({"type": "text", "text": {"body": "x" * 30_000}}, MessageType.TEXT, "x" * 20_000),
        ({"type": "image", "image": {"id": "7", "mime_type": "image/jpeg", "caption": "this one"}}, MessageType.IMAGE, "this one"),
        ({"type": "video", "video": {"id": "7", "mime_type": "video/mp4", "caption": "that one"}}, MessageType.FILE, "that one"),
        ({"type": "document", "document": {"id": "7", "filename": "order.pdf", "caption": "my order"}}, MessageType.FILE, "my order"),
        ({"type": "audio", "audio": {"id": "7", "mime_type": "audio/ogg; codecs=opus", "voice": True}}, MessageType.AUDIO, ""),
        ({"type": "sticker", "sticker": {"id": "7", "mime_type": "image/webp"}}, MessageType.IMAGE, ""),
        (
            {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": {"id": "c", "title": "Confirm"}}},
            MessageType.INTERACTIVE,
            "Confirm",
        ),
        (
            {"type": "interactive", "interactive": {"type": "list_reply", "list_reply": {"id": "m", "title": "Whole milk"}}},
            MessageType.INTERACTIVE,
            "Whole milk",
        ),
        ({"type": "interactive", "interactive": {"type": "nfm_reply"}}, MessageType.INTERACTIVE, ""),
        ({"type": "button", "button": {"payload": "same", "text": "Same as last week"}}, MessageType.INTERACTIVE, "Same as last week"),
        ({"type": "button", "button": {"payload": "Same again"}}, MessageType.INTERACTIVE, "Same again"),
        ({"type": "location", "location": {"latitude": 1.5, "longitude": -2}}, MessageType.LOCATION, "1.5, -2"),
        (
            {"type": "location", "location": {"latitude": 1.5, "longitude": 2.5, "name": "Pier 1", "address": "1 Pier Street"}},
            MessageType.LOCATION,
            "Pier 1\n1 Pier Street\n1.5, 2.5",
        ),
        ({"type": "location", "location": {"latitude": "here"}}, MessageType.LOCATION, ""),
        ({"type": "order", "order": {"text": "by noon", "product_items": []}}, MessageType.INTERACTIVE, "by noon"),
        (
            {"type": "contacts", "contacts": [{"name": {"formatted_name": "Luigi"}, "phones": [{"phone": "+1 555"}, 3]}, "x"]},
            MessageType.TEXT,
            "Luigi +1 555",
        ),
        ({"type": "invented", "invented": {"body": "?"}}, MessageType.TEXT, ""),
        ({"type": "text", "text": "not an object"}, MessageType.TEXT, ""),
        ({"type": "text", "text": {"body": 3}}, MessageType.TEXT, ""),
    ],
)
def test_every_type_of_message_is_read(body: dict[str, Any], message_type: MessageType, content: str) -> None:
    inbound = read_one(body)
    assert (inbound.message_type, inbound.content) == (message_type, content)
    assert inbound.sender == Sender(address=MARIO, display_name="Mario")
    assert (inbound.account, inbound.external_message_id) == (NUMBER, "wamid.1")
    assert inbound.sent_at == datetime.fromtimestamp(1_795_000_000, UTC)
    raw = json.loads(inbound.raw)
    assert {name: raw[name] for name in body} == body


def test_a_cart_is_read_item_by_item_and_what_cannot_be_read_is_counted() -> None:
    items = [
        {"product_retailer_id": "MILK", "quantity": 3, "item_price": 12.5, "currency": "USD"},
        {"product_retailer_id": "EGGS", "quantity": "2", "item_price": -1, "currency": "USD"},
        {"product_retailer_id": "BACON", "quantity": 0},
        {"product_retailer_id": "x" * 300, "quantity": 1},
        {"quantity": 1},
        "HAM",
    ]
    inbound = read_one({"type": "order", "order": {"catalog_id": "9", "product_items": items}})
    assert inbound.parts.cart == (
        CartItem(sku="MILK", quantity=Decimal(3), price=Decimal("12.5"), currency="USD"),
        CartItem(sku="EGGS", quantity=Decimal(2)),
    )
    assert inbound.metadata == {"unread_cart_items": 4}


@pytest.mark.parametrize(
    ("body", "choice"),
    [
        ({"type": "interactive", "interactive": {"button_reply": {"id": "confirm:7", "title": "Confirm"}}}, "confirm:7"),
        ({"type": "interactive", "interactive": {"list_reply": {"id": "milk", "title": "Milk"}}}, "milk"),
        ({"type": "button", "button": {"payload": "same", "text": "Same as last week"}}, "same"),
        ({"type": "interactive", "interactive": {"button_reply": {"id": "", "title": "Confirm"}}}, None),
        ({"type": "interactive", "interactive": {"button_reply": {"id": "x" * 300, "title": "Confirm"}}}, "x" * 256),
        ({"type": "text", "text": {"body": "Confirm"}}, None),
    ],
)
def test_a_choice_is_known_by_the_id_that_we_gave_it(body: dict[str, Any], choice: str | None) -> None:
    assert read_one(body).parts.choice_id == choice


def test_a_reaction_is_its_emoji_in_reply_to_the_message() -> None:
    inbound = read_one({"type": "reaction", "reaction": {"message_id": "wamid.0", "emoji": "👍"}})
    assert (inbound.content, inbound.reply_to_external_id, inbound.message_type) == ("👍", "wamid.0", MessageType.TEXT)


@pytest.mark.parametrize(
    "body",
    [
        {"type": "reaction", "reaction": {"message_id": "wamid.0"}},
        {"type": "reaction", "reaction": {"message_id": "wamid.0", "emoji": ""}},
        {"type": "system", "system": {"type": "user_changed_number", "wa_id": "15550100009"}},
        {"type": "unsupported", "errors": [{"code": 131051}]},
        {"type": "edit", "edit": {"message": {"type": "text", "text": {"body": "5 cs"}}}},
        {"type": "edit", "edit": {"original_message_id": "wamid.0", "message": "5 cs"}},
        {"type": "revoke", "revoke": {"original_message_id": "\x00"}},
        {"type": "revoke"},
    ],
)
def test_what_says_nothing_goes_no_further(body: dict[str, Any]) -> None:
    ignored = read_any(body)
    assert isinstance(ignored, Ignored)
    assert (ignored.account, ignored.external_message_id, json.loads(ignored.raw)["type"]) == (NUMBER, "wamid.1", body["type"])


@pytest.mark.parametrize(
    ("body", "content"),
    [
        ({"type": "edit", "edit": {"original_message_id": "wamid.0", "message": {"type": "text", "text": {"body": "5 cs"}}}}, "5 cs"),
        ({"type": "edit", "edit": {"original_message_id": "wamid.0", "message": {"type": "image", "image": {"caption": "these"}}}}, "these"),
        ({"type": "revoke", "revoke": {"original_message_id": "wamid.0"}}, None),
    ],
)
def test_a_change_names_the_message_and_what_it_says_now(body: dict[str, Any], content: str | None) -> None:
    amendment = read_any(body)
    assert isinstance(amendment, Amendment)
    assert (amendment.amends, amendment.external_message_id, amendment.content) == ("wamid.0", "wamid.1", content)
    assert (amendment.address, amendment.amended_at) == (MARIO, datetime.fromtimestamp(1_795_000_000, UTC))


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("sent", MessageStatus.SENT),
        ("delivered", MessageStatus.DELIVERED),
        ("read", MessageStatus.READ),
        ("played", MessageStatus.READ),
        ("failed", MessageStatus.FAILED),
        ("warning", None),
    ],
)
@pytest.mark.parametrize("callback_data", [str(OUR_ID), "not ours", None])
def test_a_status_is_about_our_message(word: str, expected: MessageStatus | None, callback_data: str | None) -> None:
    change = status(NUMBER, "wamid.ours", word, MARIO, callback_data=callback_data, timestamp=1_795_000_000)
    change["value"]["statuses"][0]["errors"] = [{"code": 131047, "title": "Re-engagement message"}] if word == "failed" else []
    found = whatsapp.read(json.dumps(webhook(change)).encode())
    assert len(found) == (expected is not None)
    for each in found:
        assert isinstance(each, Status)
        assert (each.status, each.external_message_id, each.address, each.account) == (expected, "wamid.ours", MARIO, NUMBER)
        assert each.message_id == (OUR_ID if callback_data == str(OUR_ID) else None)
        assert each.error_code == ("131047" if word == "failed" else None)
        assert each.status_at == datetime.fromtimestamp(1_795_000_000, UTC)


def test_a_file_is_named_as_the_provider_names_it() -> None:
    file = {"id": "7", "mime_type": "application/pdf", "sha256": "ab", "filename": "order\x00.pdf"}
    inbound = read_one({"type": "document", "document": file | {"caption": "my order", "voice": False}})
    assert inbound.attachments == (Attachment(external_id="7", mime_type="application/pdf", sha256="ab", filename="order.pdf"),)


def test_a_reply_names_the_message_that_it_replies_to() -> None:
    assert read_one({"type": "text", "text": {"body": "yes"}, "context": {"id": "wamid.0", "from": NUMBER}}).reply_to_external_id == "wamid.0"


@pytest.mark.parametrize(
    ("contact", "message", "sender"),
    [
        ({"wa_id": "1555", "user_id": "US.1"}, {"from": "1555", "from_user_id": "US.1"}, Sender(address="+1555", external_user_id="US.1")),
        ({"wa_id": "1555", "user_id": "US.1"}, {"from": "1555"}, Sender(address="+1555", external_user_id="US.1")),
        ({"wa_id": "1555", "user_id": "US.1"}, {"from_user_id": "US.1"}, Sender(address="+1555", external_user_id="US.1")),
        ({"user_id": "US.1"}, {"from_user_id": "US.1"}, Sender(address="US.1", external_user_id="US.1")),
        ({"user_id": "US.1"}, {"from": "+", "from_user_id": "US.1"}, Sender(address="US.1", external_user_id="US.1")),
        ({}, {"from": "+1555"}, Sender(address="+1555")),
        ({"wa_id": "1666"}, {"from": "1555"}, Sender(address="+1555")),
        ({"wa_id": "1555"}, {}, None),
        ({}, {"from": "+"}, None),
    ],
)
def test_a_sender_is_known_by_number_or_else_by_user_id(contact: dict[str, str], message: dict[str, str], sender: Sender | None) -> None:
    change = text_message(NUMBER, MARIO, "3 cs whole milk", "wamid.1")
    del change["value"]["messages"][0]["from"]
    change["value"]["contacts"] = [contact]
    change["value"]["messages"][0] |= message
    found = [inbound.sender for inbound in whatsapp.read(json.dumps(webhook(change)).encode()) if isinstance(inbound, Inbound)]
    assert found == ([sender] if sender else [])


def test_every_array_is_read_in_its_order() -> None:
    first, second = text_message(NUMBER, MARIO, "a", "wamid.1"), image_message("1055002", MARIO, "wamid.3")
    first["value"]["messages"].append(text_message(NUMBER, MARIO, "b", "wamid.2")["value"]["messages"][0])
    body = webhook(first, status(NUMBER, "wamid.0", "read", MARIO))
    body["entry"] += webhook(second)["entry"]
    found = [(inbound.account, inbound.external_message_id) for inbound in whatsapp.read(json.dumps(body).encode())]
    assert found == [(NUMBER, "wamid.1"), (NUMBER, "wamid.2"), (NUMBER, "wamid.0"), ("1055002", "wamid.3")]
