"""What Twilio posts, held against its own library where it signs."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from libs.channels import twilio
from libs.channels.inbound import Ignored, Inbound, NotUnderstood, Status
from schemas.attachment import Attachment
from schemas.contact import Channel, Sender
from schemas.message import MessageParts, MessageStatus, MessageType

OUR_ID = UUID("00000000-0000-0000-0000-00000000b001")
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
SMS = {"MessageSid": "SM1", "From": "+15550100001", "To": "+15550200001", "Body": "3 cs milk"}
WHATSAPP = SMS | {"From": "whatsapp:+15550100001", "To": "whatsapp:+15550200001", "ProfileName": "Mario"}
NAME = st.text(st.characters(codec="utf-8"), min_size=1, max_size=5)


class Repeating(dict[str, list[str]]):
    """A form with repeated names, as Twilio's library takes it."""

    def getall(self, name: str) -> list[str]:
        """Every value of a name."""
        return self[name]


@given(st.lists(st.tuples(NAME, st.text(st.characters(codec="utf-8"), max_size=5)), max_size=6), st.sampled_from(["", ":443", ":8443"]), NAME)
def test_a_signature_is_the_one_of_twilios_own_library(parameters: list[tuple[str, str]], port: str, token: str) -> None:
    form = Repeating()
    for name, value in parameters:
        form.setdefault(name, []).append(value)
    url = f"https://hooks.example{port}/webhooks/twilio/1?a=b"
    signature = RequestValidator(token).compute_signature(url, form)
    assert twilio.is_signed(token, url, parameters, signature)
    assert twilio.is_signed(token, url, list(reversed(parameters)), signature)
    assert not twilio.is_signed(token, url, [*parameters, ("more", "x")], signature)
    assert not twilio.is_signed(token + "x", url, parameters, signature)
    assert not twilio.is_signed(token, url + "c", parameters, signature)


@pytest.mark.parametrize("signature", [None, "", "ünlesbar", "\udcff"])
@pytest.mark.parametrize("url", ["https://hooks.example", "http://[", "http://x:99999999", ""])
def test_nonsense_is_no_signature(signature: str | None, url: str) -> None:
    assert not twilio.is_signed("token", url, [], signature)


def read(form: dict[str, str]) -> Inbound:
    """The one message in a form."""
    (inbound,) = twilio.read(list(form.items()), NOW)
    assert isinstance(inbound, Inbound)
    return inbound


def test_a_message_is_of_the_channel_that_its_sides_name() -> None:
    for form, channel, name in ((SMS, Channel.SMS, None), (WHATSAPP, Channel.WHATSAPP, "Mario")):
        inbound = read(form)
        assert (inbound.channel, inbound.account, inbound.external_message_id) == (channel, "+15550200001", "SM1")
        assert inbound.sender == Sender(address="+15550100001", display_name=name)
        assert (inbound.content, inbound.sent_at, inbound.may_write) == ("3 cs milk", NOW, None)


@pytest.mark.parametrize(
    ("more", "message_type", "content"),
    [
        ({"NumMedia": "1", "MediaUrl0": "https://api.twilio.com/1", "MediaContentType0": "image/jpeg"}, MessageType.IMAGE, "3 cs milk"),
        ({"NumMedia": "1", "MediaUrl0": "https://api.twilio.com/1", "MediaContentType0": "audio/ogg", "Body": ""}, MessageType.AUDIO, ""),
        ({"NumMedia": "1", "MediaUrl0": "https://api.twilio.com/1"}, MessageType.FILE, "3 cs milk"),
        ({"Body": "", "Latitude": "1.5", "Longitude": "2.5", "Label": "Pier 1"}, MessageType.LOCATION, "Pier 1\n1.5, 2.5"),
        ({"Body": "Confirm", "ButtonPayload": "confirm:7"}, MessageType.INTERACTIVE, "Confirm"),
        ({"Body": "x\x00y" * 10_000}, MessageType.TEXT, ("xy" * 10_000)),
    ],
)
def test_every_type_of_message_is_read(more: dict[str, str], message_type: MessageType, content: str) -> None:
    inbound = read(WHATSAPP | more)
    assert (inbound.message_type, inbound.content) == (message_type, content)


def test_files_choices_and_replies_are_named() -> None:
    inbound = read(
        WHATSAPP
        | {"MediaUrl0": "https://a", "MediaContentType0": "image/png", "MediaUrl1": "https://" + "b" * 3_000, "MediaUrl2": "https://c"}
        | {"OriginalRepliedMessageSid": "SM0", "ListId": "milk", "OptOutType": "STOP"}
    )
    assert inbound.attachments == (Attachment(url="https://a", mime_type="image/png"), Attachment(url="https://c"))
    assert inbound.parts == MessageParts(choice_id="milk")
    assert (inbound.reply_to_external_id, inbound.may_write) == ("SM0", False)


@pytest.mark.parametrize("name", ["MessageSid", "From", "To"])
@pytest.mark.parametrize("value", ["", "\x00", "x" * 600, None])
def test_what_names_no_message_or_nobody_is_not_understood(name: str, value: str | None) -> None:
    form = [(each, text) for each, text in (SMS | {name: value}).items() if text is not None]
    with pytest.raises(NotUnderstood, match=name):
        twilio.read(form, NOW)


def test_a_sender_that_is_only_a_prefix_is_nobody() -> None:
    (ignored,) = twilio.read(list((WHATSAPP | {"From": "whatsapp:"}).items()), NOW)
    assert isinstance(ignored, Ignored)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("queued", None),
        ("sending", None),
        ("received", None),
        ("invented", None),
        ("sent", MessageStatus.SENT),
        ("partially_delivered", MessageStatus.DELIVERED),
        ("delivered", MessageStatus.DELIVERED),
        ("read", MessageStatus.READ),
        ("undelivered", MessageStatus.FAILED),
        ("failed", MessageStatus.FAILED),
        ("canceled", MessageStatus.FAILED),
    ],
)
@pytest.mark.parametrize("message_id", [str(OUR_ID), "not ours", None])
def test_a_status_tells_what_is_news(message_id: str | None, word: str, expected: MessageStatus | None) -> None:
    form = {"MessageSid": "SM1", "MessageStatus": word, "From": "whatsapp:+15550200001", "To": "whatsapp:+15550100001", "ErrorCode": "63016"}
    found = twilio.read_status(list(form.items()), message_id, NOW)
    assert len(found) == (expected is not None)
    for each in found:
        assert isinstance(each, Status)
        assert (each.status, each.address, each.account, each.error_code) == (expected, "+15550100001", "+15550200001", "63016")
        assert each.message_id == (OUR_ID if message_id == str(OUR_ID) else None)
