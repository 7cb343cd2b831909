"""The seven ways in, each called as its provider calls: the same message, signed by the provider's own library or the standard one."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from standardwebhooks import Webhook
from twilio.request_validator import RequestValidator

from deploy.demo.stand_ins.customer_messages import text_message, webhook
from libs.postgres import Pool
from schemas.contact import Channel
from schemas.integration_changed import Provider
from tests.ingest.conftest import Ingest, Request, Tenant, connect, signature_of

MARIO, MAIL_OF_MARIO = "+15550100001", "mario@pizza.example"
OUR_NUMBER, OUR_MAILBOX = "+15550200001", "orders@harbor.example"
AUTH_TOKEN, SECRET, SIGNING_KEY = "twilio-auth-token", "a-secret-in-the-address", "key-of-mailgun"
GATEWAY_SECRET = "whsec_" + base64.b64encode(b"g" * 32).decode()
SENDGRID_KEY = ec.generate_private_key(ec.SECP256R1())
SENDGRID_PUBLIC_KEY = base64.b64encode(SENDGRID_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
BOUNDARY = "xYzZY"
TEXT = "3 cs whole milk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way in. `request` makes the call that brings `text` under an id; `secrets` is what the integration is given."""

    name: str
    provider: Provider
    channel: Channel
    request: Callable[[Ingest, Tenant, str, str], Request]
    sender: str
    external_id: str = "{}"
    credentials: dict[str, str] | None = None
    secret: str | None = None

    async def connect(self, pool: Pool) -> Tenant:
        """Connect a new tenant this way."""
        account = str(uuid4().int)[:15] if self.provider is Provider.META else f"{uuid4().hex}{OUR_MAILBOX}"
        return await connect(pool, self.provider, self.channel, account, credentials=self.credentials, secret=self.secret)


def meta(_: Ingest, tenant: Tenant, external_id: str, text: str) -> Request:
    """A webhook of the WhatsApp Cloud API."""
    body = json.dumps(webhook(text_message(tenant.number, MARIO, text, external_id, timestamp=1_795_000_000))).encode()
    return Request(path="/webhooks/whatsapp", body=body, headers={"X-Hub-Signature-256": signature_of(body), "Content-Type": "application/json"})


def twilio(ingest: Ingest, tenant: Tenant, form: Mapping[str, str], *, path: str = "", base: str | None = None) -> Request:
    """A form as Twilio posts and signs it; `base` is the public address where that is not the service's own."""
    path = f"/webhooks/twilio/{tenant.integration_id}{path}"
    signature = RequestValidator(AUTH_TOKEN).compute_signature((base or ingest.address) + path, dict(form))
    headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
    return Request(path=path, body=urlencode(form).encode(), headers=headers)


def twilio_form(external_id: str, text: str, prefix: str = "", **more: str) -> dict[str, str]:
    """What Twilio posts for a message."""
    sides = {"From": f"{prefix}{MARIO}", "To": f"{prefix}{OUR_NUMBER}"}
    return {"MessageSid": external_id, "AccountSid": "AC1", "Body": text, "NumMedia": "0"} | sides | more


def twilio_sms(ingest: Ingest, tenant: Tenant, external_id: str, text: str) -> Request:
    """An SMS by Twilio."""
    return twilio(ingest, tenant, twilio_form(external_id, text))


def twilio_whatsapp(ingest: Ingest, tenant: Tenant, external_id: str, text: str) -> Request:
    """A WhatsApp message by Twilio."""
    return twilio(ingest, tenant, twilio_form(external_id, text, "whatsapp:"))


def mail(external_id: str, text: str, **headers: str) -> EmailMessage:
    """A mail of Mario's. A header that is given as an empty text is left out."""
    message = EmailMessage()
    standing = {"From": f"Mario <{MAIL_OF_MARIO}>", "To": OUR_MAILBOX, "Subject": "Order", "Message-ID": f"<{external_id}@pizza.example>"}
    for name, value in (
        standing | {"Date": "Sun, 22 Nov 2026 09:30:00 +0000"} | {name.replace("_", "-"): value for name, value in headers.items()}
    ).items():
        if value:
            message[name] = value
    message.set_content(text)
    return message


def multipart(fields: Mapping[str, str | bytes], files: Mapping[str, tuple[str, str, bytes]] | None = None) -> bytes:
    """A multipart form, each field in its own bytes."""
    parts = [(f'name="{name}"', value if isinstance(value, bytes) else value.encode()) for name, value in fields.items()]
    parts += [(f'name="{field}"; filename="{name}"\r\nContent-Type: {kind}', content) for field, (name, kind, content) in (files or {}).items()]
    lines = [f"--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + content + b"\r\n" for head, content in parts]
    return b"".join(lines) + f"--{BOUNDARY}--\r\n".encode()


def sendgrid_form(message: EmailMessage, **more: str | bytes) -> dict[str, str | bytes]:
    """What Inbound Parse posts for a mail."""
    headers = "".join(f"{name}: {value}\n" for name, value in message.items())
    envelope = json.dumps({"to": [OUR_MAILBOX], "from": MAIL_OF_MARIO})
    fields: dict[str, str | bytes] = {"headers": headers, "text": message.get_content().strip(), "envelope": envelope}
    return fields | {"SPF": "pass", "dkim": "{@pizza.example : pass}", "charsets": json.dumps({"text": "UTF-8"})} | more


def sendgrid(tenant: Tenant, fields: Mapping[str, str | bytes], files: Mapping[str, tuple[str, str, bytes]] | None = None) -> Request:
    """A form as Inbound Parse posts and signs it."""
    body, timestamp = multipart(fields, files), str(int(time.time()))
    signature = base64.b64encode(SENDGRID_KEY.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()
    headers = {"X-Twilio-Email-Event-Webhook-Signature": signature, "X-Twilio-Email-Event-Webhook-Timestamp": timestamp}
    headers["Content-Type"] = f"multipart/form-data; boundary={BOUNDARY}"
    return Request(path=f"/webhooks/sendgrid/{tenant.integration_id}?secret={SECRET}", body=body, headers=headers)


def sendgrid_mail(_: Ingest, tenant: Tenant, external_id: str, text: str) -> Request:
    """A mail by SendGrid."""
    return sendgrid(tenant, sendgrid_form(mail(external_id, text)))


def mailgun(tenant: Tenant, fields: Mapping[str, str], *, token: str | None = None, timestamp: int | None = None) -> Request:
    """A form as Mailgun posts and signs it, with a token of its own."""
    proof = {"timestamp": str(timestamp or int(time.time())), "token": token or uuid4().hex}
    signature = hmac.new(SIGNING_KEY.encode(), (proof["timestamp"] + proof["token"]).encode(), hashlib.sha256).hexdigest()
    body = urlencode(dict(fields) | proof | {"signature": signature}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return Request(path=f"/webhooks/mailgun/{tenant.integration_id}", body=body, headers=headers)


def mailgun_form(message: EmailMessage, **more: str) -> dict[str, str]:
    """What a route of Mailgun posts for a mail."""
    listed = json.dumps([["X-Mailgun-Spf", "Pass"], *([name, str(value)] for name, value in message.items())])
    fields = {"recipient": OUR_MAILBOX, "sender": MAIL_OF_MARIO, "body-plain": message.get_content().strip(), "message-headers": listed}
    return fields | {name.replace("_", "-"): value for name, value in more.items()}


def mailgun_mail(_: Ingest, tenant: Tenant, external_id: str, text: str) -> Request:
    """A mail by Mailgun."""
    return mailgun(tenant, mailgun_form(mail(external_id, text)))


def postmark(tenant: Tenant, form: Mapping[str, Any]) -> Request:
    """JSON as Postmark posts it."""
    password = base64.b64encode(f"comanda:{SECRET}".encode()).decode()
    headers = {"Content-Type": "application/json", "Authorization": f"Basic {password}"}
    return Request(path=f"/webhooks/postmark/{tenant.integration_id}", body=json.dumps(form).encode(), headers=headers)


def postmark_form(message: EmailMessage, **more: Any) -> dict[str, Any]:
    """What Postmark posts for a mail."""
    spf = {"Name": "Received-SPF", "Value": f"Pass (sender SPF authorized) identity=mailfrom; envelope-from={MAIL_OF_MARIO}; receiver=x"}
    form = {
        "FromFull": {"Email": MAIL_OF_MARIO, "Name": "Mario", "MailboxHash": ""},
        "OriginalRecipient": OUR_MAILBOX,
        "Subject": str(message["Subject"]),
        "Date": str(message["Date"]),
        "MessageID": str(uuid4()),
        "TextBody": message.get_content().strip(),
        "HtmlBody": "",
        "Headers": [spf, *({"Name": name, "Value": str(value)} for name, value in message.items() if name not in ("From", "Subject", "Date"))],
        "Attachments": [],
    }
    return form | more


def postmark_mail(_: Ingest, tenant: Tenant, external_id: str, text: str) -> Request:
    """A mail by Postmark."""
    return postmark(tenant, postmark_form(mail(external_id, text)))


def gateway_message(external_id: str, text: str, **more: Any) -> dict[str, Any]:
    """What a gateway posts for a message."""
    return {"id": external_id, "channel": "SMS", "sender": MARIO, "text": text, "sent_at": "2026-11-22T09:30:00Z"} | more


def gateway(tenant: Tenant, form: object, *, at: datetime | None = None) -> Request:
    """JSON as a gateway signs it with the library of Standard Webhooks."""
    body, call_id, now = json.dumps(form), str(uuid4()), at or datetime.now(UTC)
    signature = Webhook(GATEWAY_SECRET).sign(call_id, now, body)
    headers = {"webhook-id": call_id, "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}
    return Request(path=f"/webhooks/gateway/{tenant.integration_id}", body=body.encode(), headers=headers)


def gateway_sms(_: Ingest, tenant: Tenant, external_id: str, text: str) -> Request:
    """A message by a gateway."""
    return gateway(tenant, gateway_message(external_id, text))


MAILED = "<{}@pizza.example>"
META = Way(name="meta", provider=Provider.META, channel=Channel.WHATSAPP, request=meta, sender=MARIO)
TWILIO_SMS = Way(
    name="twilio_sms",
    provider=Provider.TWILIO,
    channel=Channel.SMS,
    request=twilio_sms,
    sender=MARIO,
    credentials={"account_sid": "AC1", "auth_token": AUTH_TOKEN},
)
TWILIO_WHATSAPP = replace(TWILIO_SMS, name="twilio_whatsapp", channel=Channel.WHATSAPP, request=twilio_whatsapp)
SENDGRID = Way(
    name="sendgrid",
    provider=Provider.SENDGRID,
    channel=Channel.EMAIL,
    request=sendgrid_mail,
    sender=MAIL_OF_MARIO,
    external_id=MAILED,
    credentials={"api_key": "SG.1", "inbound_public_key": SENDGRID_PUBLIC_KEY},
    secret=SECRET,
)
MAILGUN = Way(
    name="mailgun",
    provider=Provider.MAILGUN,
    channel=Channel.EMAIL,
    request=mailgun_mail,
    sender=MAIL_OF_MARIO,
    external_id=MAILED,
    credentials={"api_key": "key-1", "domain": "harbor.example", "signing_key": SIGNING_KEY},
)
POSTMARK = Way(
    name="postmark",
    provider=Provider.POSTMARK,
    channel=Channel.EMAIL,
    request=postmark_mail,
    sender=MAIL_OF_MARIO,
    external_id=MAILED,
    credentials={"server_token": "t"},
    secret=SECRET,
)
GATEWAY = Way(name="gateway", provider=Provider.GATEWAY, channel=Channel.SMS, request=gateway_sms, sender=MARIO, secret=GATEWAY_SECRET)

WAYS = [META, TWILIO_SMS, TWILIO_WHATSAPP, SENDGRID, MAILGUN, POSTMARK, GATEWAY]
