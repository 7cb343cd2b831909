"""Postmark's inbound webhook: a mail as JSON. It is not signed; the address that Postmark calls holds a user and a password.

Form: Postmark's documentation, "Inbound webhook".
"""

import hmac
import re
from base64 import b64decode
from collections.abc import Iterator
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from libs.channels import mail
from libs.channels.inbound import Incoming, NotUnderstood, Text
from libs.channels.mail import Headers, Mail, MailFile
from libs.channels.mail_trust import Verdicts, domain_of, verdict

ENVELOPE_FROM = re.compile(r"envelope-from=<?\"?([^;\s>\"]{1,320})", re.IGNORECASE)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Address(_Part):
    """Who wrote."""

    email: Text = Field(alias="Email", max_length=1_000)
    name: Text = Field(default="", alias="Name", max_length=1_000)


class Header(_Part):
    """One header."""

    name: Text = Field(alias="Name", max_length=1_000)
    value: Text = Field(alias="Value")


class File(_Part):
    """A file, in base64."""

    name: Text = Field(default="", alias="Name")
    content: str = Field(default="", alias="Content")
    content_type: Text = Field(default="", alias="ContentType")


class Webhook(_Part):
    """One mail."""

    sender: Address = Field(alias="FromFull")
    recipient: Text = Field(default="", alias="OriginalRecipient", max_length=1_000)
    subject: Text = Field(default="", alias="Subject")
    date: Text = Field(default="", alias="Date", max_length=200)
    text: Text = Field(default="", alias="TextBody")
    html: Text = Field(default="", alias="HtmlBody")
    headers: tuple[Header, ...] = Field(default=(), alias="Headers", max_length=1_000)
    files: tuple[File, ...] = Field(default=(), alias="Attachments", max_length=500)


def is_signed(secret: str, authorization: str | None) -> bool:
    """Tell whether the Authorization header is HTTP Basic with `secret` as the password. Takes the same time whether or not it is."""
    kind, _, credentials = (authorization or "").partition(" ")
    try:
        password = b64decode(credentials, validate=True).partition(b":")[2]
    except ValueError:
        password = b""
    return hmac.compare_digest(secret.encode(), password) and kind.lower() == "basic"


def read(body: bytes, account: str, now: datetime) -> list[Incoming]:
    """Return the mail; `account` is our mailbox where it names none. Raises NotUnderstood."""
    try:
        webhook = Webhook.model_validate_json(body)
    except ValueError:
        raise NotUnderstood("the body is not JSON of Postmark's inbound form (FromFull, Headers, TextBody, HtmlBody, Attachments)") from None
    headers = Headers(_headers(webhook))
    return [
        mail.incoming(
            Mail(
                account=mail.mailbox(webhook.recipient) or account,
                headers=headers,
                envelope_from=None,
                text=webhook.text,
                html=webhook.html,
                files=tuple(MailFile.of(file.name, file.content_type, _content(file)) for file in webhook.files),
                verdicts=_verdicts(headers),
            ),
            now,
        )
    ]


def _headers(webhook: Webhook) -> Iterator[tuple[str, str]]:
    yield "From", f"<{webhook.sender.email}>" if not webhook.sender.name else f'"{webhook.sender.name.translate(UNQUOTED)}" <{webhook.sender.email}>'
    yield "Subject", webhook.subject
    yield "Date", webhook.date
    for header in webhook.headers:
        if header.name.lower() not in ("from", "subject", "date"):
            yield header.name, header.value


UNQUOTED = str.maketrans({'"': None, "\\": None, "\r": None, "\n": None})


def _content(file: File) -> bytes:
    try:
        return b64decode(file.content)
    except ValueError:
        raise NotUnderstood("the Content of each attachment must be base64") from None


def _verdicts(headers: Headers) -> Verdicts:
    """What Postmark writes into Received-SPF. Where there is more than one, the sender may have written one of them: all have to agree."""
    found = {(verdict(value), _envelope_domain(value)) for value in headers.all("received-spf") if value.strip()}
    if not found:
        return Verdicts()
    spf, domain = found.pop()
    return Verdicts(spf="fail" if found else spf, spf_domain=domain)


def _envelope_domain(received_spf: str) -> str:
    match = ENVELOPE_FROM.search(received_spf)
    return domain_of(match.group(1)) if match else ""
