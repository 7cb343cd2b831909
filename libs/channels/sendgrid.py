"""SendGrid's Inbound Parse: a mail as a multipart form, taken apart or raw.

Form and signature: SendGrid's documentation, "Setting up the Inbound Parse webhook" and "Event webhook security features".
"""

import hmac
import json
from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from libs.channels import mail
from libs.channels.form import Form
from libs.channels.inbound import Incoming, NotUnderstood
from libs.channels.mail import Mail, MailFile
from libs.channels.mail_trust import DKIM_VERDICT, Verdicts, domain_of, verdict

SIGNATURE_HEADER = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP_HEADER = "X-Twilio-Email-Event-Webhook-Timestamp"


def is_secret(secret: str, given: str) -> bool:
    """Tell whether the address that was called holds the secret. Takes the same time whether or not it does."""
    return hmac.compare_digest(secret.encode(), given.encode(errors="replace"))


def is_signed(public_key: str, body: bytes, signature: str | None, timestamp: str | None) -> bool:
    """Tell whether `signature` is SendGrid's over the timestamp and the raw body. `public_key` is base64 as SendGrid shows it."""
    try:
        key = _key(public_key)
        key.verify(b64decode(signature or "", validate=True), (timestamp or "").encode() + body, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, TypeError, UnsupportedAlgorithm, ValueError):
        return False
    return True


def read(form: Form, account: str, now: datetime) -> list[Incoming]:
    """Return the mail in a form; `account` is our mailbox where the form names none. Raises NotUnderstood."""
    fields = _decoded(form)
    raw = dict(form.fields).get("email")
    files = tuple(MailFile.of(file.filename, file.mime_type, file.content) for file in form.files)
    if raw is not None:
        parts = mail.read_mime(raw)
    elif "headers" in fields:
        parts = mail.MimeParts(mail.read_headers(fields["headers"]), fields.get("text", ""), fields.get("html", ""), files)
    else:
        raise NotUnderstood("the form must have the field headers, or in raw mode email")
    envelope = _json(fields.get("envelope", ""))
    envelope_from = _envelope_from(envelope)
    return [
        mail.incoming(
            Mail(
                account=_recipient(envelope) or account,
                headers=parts.headers,
                envelope_from=envelope_from,
                text=parts.text,
                html=parts.html,
                files=parts.files,
                verdicts=Verdicts(
                    spf=verdict(fields["SPF"]) if "SPF" in fields else None,
                    spf_domain=domain_of(envelope_from or ""),
                    dkim=tuple((domain, verdict(result)) for domain, result in DKIM_VERDICT.findall(fields["dkim"])) if "dkim" in fields else None,
                ),
            ),
            now,
        )
    ]


@lru_cache(maxsize=256)
def _key(public_key: str) -> ec.EllipticCurvePublicKey:
    key = load_der_public_key(b64decode(public_key))
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise TypeError("the public key of an Inbound Parse webhook is one of an elliptic curve")
    return key


def _decoded(form: Form) -> dict[str, str]:
    charsets = _json(dict(form.fields).get("charsets", b"").decode(errors="replace"))
    return {name: mail.decode(value, str(charsets.get(name, "utf-8"))) for name, value in form.fields}


def _json(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _envelope_from(envelope: Mapping[str, Any]) -> str | None:
    sender = envelope.get("from")
    return sender if isinstance(sender, str) else None


def _recipient(envelope: Mapping[str, Any]) -> str | None:
    match envelope.get("to"):
        case [str(first), *_] if first:
            return mail.mailbox(first)
        case _:
            return None
