"""Mailgun's routes: a mail as a form. The signature does not cover the mail, so a token is taken once.

Form and signature: Mailgun's documentation, "Receiving, forwarding and storing messages" and "Securing webhooks".
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from libs.channels import mail
from libs.channels.form import Form
from libs.channels.inbound import Incoming, NotUnderstood
from libs.channels.mail import Headers, Mail, MailFile
from libs.channels.mail_trust import Verdicts, domain_of, verdict

TOLERANCE = timedelta(hours=12)
"""Mailgun tries for eight hours to bring a mail."""
LONGEST_TOKEN = 200
SIGNING_DOMAIN = re.compile(r"(?:^|;)\s*d\s*=\s*([\w.-]{1,255})", re.IGNORECASE)


def is_signed(signing_key: str, fields: Mapping[str, str], now: datetime) -> bool:
    """Tell whether the form's signature is that of its timestamp and token, and the timestamp not too far off."""
    timestamp, token, signature = (fields.get(name, "") for name in ("timestamp", "token", "signature"))
    expected = hmac.new(signing_key.encode(), (timestamp + token).encode(errors="replace"), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.encode(errors="replace")) or not 0 < len(token) <= LONGEST_TOKEN:
        return False
    return timestamp.isdecimal() and len(timestamp) <= len("32503680000") and abs(now - datetime.fromtimestamp(int(timestamp), UTC)) <= TOLERANCE


def read(form: Form, account: str, now: datetime) -> list[Incoming]:
    """Return the mail in a form, taken apart or whole (`body-mime`); `account` is our mailbox where the form names none. Raises NotUnderstood."""
    fields = form.texts()
    if mime := dict(form.fields).get("body-mime"):
        parts = mail.read_mime(mime)
    else:
        files = tuple(MailFile.of(file.filename, file.mime_type, file.content) for file in form.files)
        parts = mail.MimeParts(Headers(_headers(fields)), fields.get("body-plain", ""), fields.get("body-html", ""), files)
    return [
        mail.incoming(
            Mail(
                account=mail.mailbox(fields.get("recipient", "")) or account,
                headers=parts.headers,
                envelope_from=fields.get("sender"),
                text=parts.text,
                html=parts.html,
                files=parts.files,
                verdicts=_verdicts(parts.headers, fields.get("sender", "")),
            ),
            now,
        )
    ]


def _headers(fields: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    try:
        listed = json.loads(fields.get("message-headers", ""))
    except (ValueError, RecursionError):
        raise NotUnderstood("message-headers must be JSON: a list of names and values") from None
    for header in listed if isinstance(listed, list) else ():
        match header:
            case [str(name), str(value)]:
                yield name, value
            case _:
                raise NotUnderstood("message-headers must be a list of names and values")


def _verdicts(headers: Headers, envelope_from: str) -> Verdicts:
    """What Mailgun writes into the headers where its checks are switched on. It tells one result for all DKIM signatures together."""
    spf, dkim = _agreed(headers, "x-mailgun-spf"), _agreed(headers, "x-mailgun-dkim-check-result")
    signers = [found.group(1) if (found := SIGNING_DOMAIN.search(each)) else "" for each in headers.all("dkim-signature")]
    return Verdicts(
        spf=spf,
        spf_domain=domain_of(envelope_from),
        dkim=None if dkim is None else ((signers[0] if len(signers) == 1 else "", dkim),),
    )


def _agreed(headers: Headers, name: str) -> str | None:
    """Return a verdict. Where there is more than one, the sender may have written one of them: the worst counts."""
    found = {verdict(value) for value in headers.all(name)}
    return None if not found else "pass" if found == {"pass"} else "fail" if len(found) > 1 else found.pop()
