"""Mail, by each of the providers: charsets, MIME, threads, files, and whether it is to be believed."""

import base64
import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.channels import form, mail, mailgun, postmark, sendgrid
from libs.channels.inbound import Ignored, Inbound, Incoming, NotUnderstood
from libs.channels.mail_trust import Verdicts, why_not_trusted
from schemas.contact import Sender
from schemas.message import MessageType
from tests.ingest import providers

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
MAILBOX = "orders@harbor.example"
FORM = f"multipart/form-data; boundary={providers.BOUNDARY}"


def by_sendgrid(message: EmailMessage, files: Mapping[str, tuple[str, str, bytes]] | None = None, **more: str | bytes) -> Incoming:
    """What SendGrid makes of a mail."""
    (incoming,) = sendgrid.read(form.read(FORM, providers.multipart(providers.sendgrid_form(message, **more), files)), MAILBOX, NOW)
    return incoming


def read(message: EmailMessage, **more: str | bytes) -> Inbound:
    """The message in a mail."""
    inbound = by_sendgrid(message, None, **more)
    assert isinstance(inbound, Inbound)
    return inbound


def test_a_mail_is_known_by_its_message_id_and_its_thread() -> None:
    first = read(providers.mail("m1", "3 cs milk"))
    references = "From: mario@pizza.example\nMessage-ID: <m2@pizza.example>\nReferences: <m0@pizza.example>\n <m1@pizza.example>\n"
    answer = read(providers.mail("m2", "and eggs"), headers=references)
    assert (first.external_message_id, first.reply_to_external_id) == ("<m1@pizza.example>", None)
    assert (first.external_conversation_id, answer.external_conversation_id) == ("<m1@pizza.example>", "<m0@pizza.example>")
    assert (answer.external_message_id, answer.reply_to_external_id) == ("<m2@pizza.example>", "<m1@pizza.example>")
    assert (first.sender, first.account) == (Sender(address="mario@pizza.example", display_name="Mario"), MAILBOX)
    assert (first.parts.subject, first.sent_at) == ("Order", datetime(2026, 11, 22, 9, 30, tzinfo=UTC))


def test_a_mail_without_an_id_has_the_same_one_whenever_it_comes() -> None:
    nameless = [read(providers.mail("", "3 cs milk", Message_ID="")).external_message_id for _ in range(2)]
    assert nameless[0] == nameless[1] != read(providers.mail("", "4 cs milk", Message_ID="")).external_message_id


@pytest.mark.parametrize("date", ["Mon, 22 Nov 2100 09:30:00 +0000", "yesterday", "Sun, 99 Nov 2026 99:30:00", ""])
def test_a_date_that_cannot_be_is_now(date: str) -> None:
    assert read(providers.mail("m1", "x", Date=date)).sent_at == NOW


@pytest.mark.parametrize(
    ("charset", "text"),
    [("UTF-8", "2 cs jalapeño"), ("ISO-8859-1", "2 cs jalapeño"), ("windows-1252", "2 cs jalapeño – “hot”"), ("Shift_JIS", "牛乳")],
)
def test_each_field_is_read_in_its_own_charset(charset: str, text: str) -> None:
    fields = {"text": text.encode(charset), "charsets": json.dumps({"text": charset})}
    assert read(providers.mail("m1", "x"), **fields).content == text


@pytest.mark.parametrize("charsets", ["", "[]", "{", '{"text": "klingon"}', '{"text": 3}', '{"text": "base64"}', "[" * 10_000])
def test_a_charset_that_is_not_known_is_read_as_utf_8(charsets: str) -> None:
    assert read(providers.mail("m1", "x"), text="jalapeño", charsets=charsets).content == "jalapeño"


def test_a_mail_of_html_alone_is_read_as_it_is_shown() -> None:
    html = "<p>3 cs milk</p><blockquote>9 cs butter</blockquote>"
    assert read(providers.mail("m1", "x"), text="", html=html).content == "3 cs milk"


def test_headers_in_encoded_words_are_decoded() -> None:
    inbound = read(providers.mail("m1", "x"), headers="From: =?utf-8?q?Jos=C3=A9?= <Jose@Pizza.Example>\nSubject: =?utf-8?b?UGVkaWRvIMOx?=\n")
    assert (inbound.sender.display_name, inbound.sender.address, inbound.parts.subject) == ("José", "jose@pizza.example", "Pedido ñ")


def test_a_name_that_decodes_to_an_address_is_a_name() -> None:
    inbound = read(providers.mail("m1", "x"), headers="From: =?utf-8?q?mario=40pizza=2Eexample=3E?= <evil@evil.example>\n")
    assert inbound.sender.address == "evil@evil.example"


@pytest.mark.parametrize("headers", ["", "Subject: x", "From: Mario", "From: " + "x" * 400 + "@y.z"])
def test_a_mail_of_nobody_is_not_understood(headers: str) -> None:
    with pytest.raises(NotUnderstood):
        by_sendgrid(providers.mail("m1", "x"), headers=headers)


@pytest.mark.parametrize(
    "hostile",
    [
        "From: " + "(" * 100_000 + "a@b.c",
        "From: mario@pizza.example\nSubject: " + "=?a?q?" * 50_000,
        "From: mario@pizza.example\nReferences: " + "<" * 300_000,
        "From: mario@pizza.example\nDate: " + "(" * 100_000,
        "From: mario@pizza.example\n" + "X: y\n" * 10_000,
    ],
)
def test_hostile_headers_are_read_or_not_understood_soon(hostile: str) -> None:
    with suppress(NotUnderstood):
        assert read(providers.mail("m1", "x"), headers=hostile).content == "x"


def test_parts_within_parts_without_end_are_not_understood() -> None:
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (depth, depth) for depth in range(5_000))
    with pytest.raises(NotUnderstood):
        sendgrid.read(form.Form((("email", b"From: a@b.c\n" + nested),)), MAILBOX, NOW)


def test_a_verdict_is_a_word() -> None:
    assert read(providers.mail("m1", "x"), SPF="fail\x00 of mario@pizza.example", dkim="none").sender_not_trusted == (
        "neither SPF (fail) nor DKIM (none) passed for the domain of the From address"
    )


def test_files_are_named_and_come_with_the_mail() -> None:
    inbound = by_sendgrid(providers.mail("m1", "see file"), {"attachment1": ("order.pdf", "application/pdf", b"\x00\xff\r\n--x")})
    assert isinstance(inbound, Inbound)
    assert [(file.filename, file.mime_type) for file in inbound.attachments] == [("order.pdf", "application/pdf")]
    assert (inbound.message_type, inbound.files) == (MessageType.FILE, (b"\x00\xff\r\n--x",))
    photo = by_sendgrid(providers.mail("m1", "see file"), {"attachment1": ("list.jpg", "image/jpeg", b"1")})
    assert isinstance(photo, Inbound)
    assert photo.message_type is MessageType.IMAGE


def test_a_raw_mail_is_taken_apart() -> None:
    message = providers.mail("m1", "3 cs jalapeño\n\nOn Sunday, Harbor wrote:\n> 9 cs butter")
    message.add_alternative("<p>3 cs jalapeño</p>", subtype="html")
    message.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="señal.png")
    fields = {"email": message.as_bytes(), "envelope": json.dumps({"to": [MAILBOX], "from": "mario@pizza.example"}), "SPF": "pass"}
    (inbound,) = sendgrid.read(form.read(FORM, providers.multipart(fields)), "other@harbor.example", NOW)
    assert isinstance(inbound, Inbound)
    assert (inbound.content, inbound.account, inbound.sender_not_trusted) == ("3 cs jalapeño", MAILBOX, None)
    assert [(file.filename, file.mime_type) for file in inbound.attachments] == [("señal.png", "image/png")]


@given(
    st.binary()
    | st.lists(st.sampled_from([b"From: a@b.c\n", b"Content-Type: multipart/mixed; boundary=x\n", b"\n", b"--x\n", b"=?a?b?c?="])).map(b"".join)
)
def test_any_raw_mail_is_read_or_not_understood(content: bytes) -> None:
    try:
        found = sendgrid.read(form.Form((("email", content),)), MAILBOX, NOW)
    except NotUnderstood:
        return
    assert all("\x00" not in each.external_message_id for each in found)


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-generated"},
        {"Auto_Submitted": "auto-replied; owner=x"},
        {"Precedence": "Bulk"},
        {"Precedence": "junk"},
        {"X_Autoreply": "yes"},
        {"Return_Path": "<>"},
        {"From": "MAILER-DAEMON@mx.example"},
        {"From": "Postmaster <postmaster@mx.example>"},
    ],
)
def test_a_mail_that_nobody_wrote_goes_no_further(headers: dict[str, str]) -> None:
    assert isinstance(by_sendgrid(providers.mail("m1", "away", **headers)), Ignored)


def test_a_bounce_goes_no_further() -> None:
    assert isinstance(by_sendgrid(providers.mail("m1", "undelivered"), envelope='{"to": ["orders@harbor.example"], "from": ""}'), Ignored)


@pytest.mark.parametrize("headers", [{"Auto_Submitted": "no"}, {"Precedence": "list"}, {"Return_Path": "<mario@pizza.example>"}])
def test_a_mail_that_somebody_wrote_is_a_message(headers: dict[str, str]) -> None:
    assert read(providers.mail("m1", "3 cs milk", **headers)).content == "3 cs milk"


@pytest.mark.parametrize(
    ("verdicts", "trusted"),
    [
        (Verdicts(), True),
        (Verdicts(spf="pass", spf_domain="pizza.example"), True),
        (Verdicts(spf="pass", spf_domain="bounces.pizza.example", dkim=()), True),
        (Verdicts(spf="fail", spf_domain="list.example", dkim=(("pizza.example", "pass"),)), True),
        (Verdicts(spf="none", dkim=(("evil.example", "pass"), ("pizza.example", "pass"))), True),
        (Verdicts(spf="pass", spf_domain="evil.example"), False),
        (Verdicts(spf="pass", spf_domain="evilpizza.example"), False),
        (Verdicts(spf="fail", spf_domain="pizza.example"), False),
        (Verdicts(spf="softfail", spf_domain="pizza.example", dkim=()), False),
        (Verdicts(spf="none", dkim=()), False),
        (Verdicts(spf="fail", dkim=(("evil.example", "pass"),)), False),
        (Verdicts(dkim=(("pizza.example", "fail"),)), False),
        (Verdicts(spf="pass", spf_domain=""), False),
    ],
)
def test_a_sender_is_trusted_when_a_check_passed_for_their_domain(verdicts: Verdicts, trusted: bool) -> None:
    assert (why_not_trusted("mario@pizza.example", verdicts) is None) is trusted


def test_a_mail_in_two_names_is_not_trusted() -> None:
    inbound = read(providers.mail("m1", "x"), headers="From: mario@pizza.example\nFrom: luigi@pizza.example\n")
    assert inbound.sender_not_trusted == "the From headers name more than one address"


def by_mailgun(*headers: tuple[str, str], **more: str) -> Inbound:
    """What Mailgun makes of a mail with these headers on top of Mario's."""
    listed = json.dumps([*headers, ["From", "Mario <mario@pizza.example>"], ["Message-Id", "<m1@pizza.example>"]])
    fields = {"recipient": MAILBOX, "sender": "mario@pizza.example", "body-plain": "3 cs milk", "message-headers": listed} | more
    (inbound,) = mailgun.read(form.Form(tuple((name, value.encode()) for name, value in fields.items())), MAILBOX, NOW)
    assert isinstance(inbound, Inbound)
    return inbound


@pytest.mark.parametrize(
    ("headers", "trusted"),
    [
        ([], True),
        ([("X-Mailgun-Spf", "Pass")], True),
        ([("X-Mailgun-Spf", "Fail")], False),
        ([("X-Mailgun-Spf", "Fail"), ("X-Mailgun-Spf", "Pass")], False),
        ([("X-Mailgun-Dkim-Check-Result", "Pass"), ("DKIM-Signature", "v=1; a=rsa-sha256; d=pizza.example; s=x")], True),
        ([("X-Mailgun-Dkim-Check-Result", "Pass"), ("DKIM-Signature", "v=1; d=evil.example")], False),
        ([("X-Mailgun-Dkim-Check-Result", "Pass"), ("DKIM-Signature", "d=evil.example"), ("DKIM-Signature", "d=pizza.example")], False),
        ([("X-Mailgun-Dkim-Check-Result", "Fail"), ("DKIM-Signature", "d=pizza.example")], False),
    ],
)
def test_what_mailgun_checked_says_whom_to_trust(headers: list[tuple[str, str]], trusted: bool) -> None:
    assert (by_mailgun(*headers).sender_not_trusted is None) is trusted


def test_a_whole_mail_by_mailgun_is_taken_apart() -> None:
    fields = {"recipient": MAILBOX, "sender": "mario@pizza.example", "body-mime": providers.mail("m1", "3 cs milk").as_string()}
    (inbound,) = mailgun.read(form.Form(tuple((name, value.encode()) for name, value in fields.items())), MAILBOX, NOW)
    assert isinstance(inbound, Inbound)
    assert (inbound.content, inbound.external_message_id) == ("3 cs milk", "<m1@pizza.example>")


@pytest.mark.parametrize("listed", ["", "{", "[3]", '[["a"]]', '[["a", 3]]'])
def test_headers_of_another_form_are_not_understood(listed: str) -> None:
    with pytest.raises(NotUnderstood):
        by_mailgun(**{"message-headers": listed})


@pytest.mark.parametrize(
    ("off", "fits"), [(timedelta(), True), (timedelta(hours=11), True), (timedelta(hours=13), False), (-timedelta(hours=13), False)]
)
def test_what_mailgun_signed_long_ago_counts_no_more(off: timedelta, fits: bool) -> None:
    tenant = providers.Tenant(distributor_id=providers.uuid4(), integration_id=providers.uuid4(), number="1")
    request = providers.mailgun(tenant, {}, timestamp=int((NOW - off).timestamp()))
    fields = form.read(request.headers["Content-Type"], request.body).texts()
    assert mailgun.is_signed(providers.SIGNING_KEY, fields, NOW) is fits
    assert not mailgun.is_signed(providers.SIGNING_KEY, fields | {"timestamp": "9" * 30}, NOW)


def by_postmark(**more: Any) -> Inbound:
    """What Postmark makes of Mario's mail."""
    (inbound,) = postmark.read(json.dumps(providers.postmark_form(providers.mail("m1", "3 cs milk"), **more)).encode(), MAILBOX, NOW)
    assert isinstance(inbound, Inbound)
    return inbound


@pytest.mark.parametrize(
    ("received_spf", "trusted"),
    [
        (["Pass (ok) identity=mailfrom; envelope-from=mario@pizza.example; x"], True),
        (['Pass (ok) envelope-from="<mario@pizza.example>"'], True),
        (["Pass (ok) identity=mailfrom; envelope-from=x@evil.example"], False),
        (["Pass (ok) envelope-from=x@evil.example", "Pass (forged) envelope-from=mario@pizza.example"], False),
        (["None (no record) envelope-from=mario@pizza.example"], False),
        ([" "], True),
        ([], True),
    ],
)
def test_what_postmark_checked_says_whom_to_trust(received_spf: list[str], trusted: bool) -> None:
    headers = [{"Name": "Received-SPF", "Value": value} for value in received_spf]
    assert (by_postmark(Headers=headers).sender_not_trusted is None) is trusted


def test_a_mail_by_postmark_has_its_files_and_its_name() -> None:
    file = {"Name": "order.pdf", "Content": base64.b64encode(b"1234").decode(), "ContentType": "application/pdf", "ContentLength": 4}
    inbound = by_postmark(Attachments=[file], FromFull={"Email": "Mario@Pizza.Example", "Name": 'Mario "M", Rossi'})
    assert inbound.sender == Sender(address="mario@pizza.example", display_name="Mario M, Rossi")
    assert (inbound.attachments[0].filename, inbound.files) == ("order.pdf", (b"1234",))


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"FromFull": {"Email": 3}}', b'{"FromFull": {"Email": "nobody"}}'])
def test_json_that_is_not_postmarks_is_not_understood(body: bytes) -> None:
    with pytest.raises(NotUnderstood):
        postmark.read(body, MAILBOX, NOW)


def test_a_mailbox_is_an_address_in_lower_case() -> None:
    assert mail.mailbox("Orders <Orders@Harbor.Example>") == MAILBOX
    assert mail.mailbox("nobody") is None
    assert mail.mailbox("x" * 400 + "@y.z") is None
