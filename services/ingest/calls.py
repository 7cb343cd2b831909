"""How a call of each provider is checked and read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from libs.channels import form, gateway, mailgun, postmark, sendgrid, twilio
from libs.channels.inbound import Incoming, NotSigned
from schemas.integration_changed import Provider
from services.ingest.connections import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One webhook call. `url` is the public one, `headers` know no case."""

    connection: Connection
    url: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    now: datetime

    @property
    def content_type(self) -> str:
        """What the body says it is."""
        return self.headers.get("content-type", "")


@dataclass(frozen=True, slots=True)
class Heard:
    """What a call told. A call with a token counts once, whatever it tells."""

    incoming: list[Incoming]
    token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """Where a provider calls: who it is, how its calls are heard, whether they bring mail."""

    provider: Provider
    hear: Callable[[Call], Heard]
    brings_mail: bool = False


def _twilio_message(call: Call) -> Heard:
    return Heard(twilio.read(_twilio_parameters(call), call.now))


def _twilio_status(call: Call) -> Heard:
    return Heard(twilio.read_status(_twilio_parameters(call), call.query.get(twilio.MESSAGE_ID), call.now))


def _twilio_parameters(call: Call) -> twilio.Parameters:
    posted = form.read(call.content_type, call.body)
    parameters = [(name, value.decode(errors="replace")) for name, value in posted.fields]
    if not twilio.is_signed(call.connection.credential("auth_token"), call.url, parameters, call.headers.get(twilio.SIGNATURE_HEADER)):
        raise NotSigned(
            f"{twilio.SIGNATURE_HEADER} must be the signature of the public address and the form with the integration's auth_token;"
            " behind a proxy COMANDA_PUBLIC_URL must say what that address begins with"
        )
    return parameters


def _sendgrid(call: Call) -> Heard:
    if not sendgrid.is_secret(call.connection.secret(), call.query.get("secret", "")):
        raise NotSigned("the address must end in ?secret= and the integration's webhook secret")
    key = call.connection.credentials.get("inbound_public_key")
    signature, timestamp = (call.headers.get(name) for name in (sendgrid.SIGNATURE_HEADER, sendgrid.TIMESTAMP_HEADER))
    if key and not sendgrid.is_signed(key, call.body, signature, timestamp):
        raise NotSigned(f"{sendgrid.SIGNATURE_HEADER} must be SendGrid's signature of the timestamp and the raw body")
    return Heard(sendgrid.read(form.read(call.content_type, call.body), call.connection.account, call.now))


def _mailgun(call: Call) -> Heard:
    posted = form.read(call.content_type, call.body)
    fields = posted.texts()
    if not mailgun.is_signed(call.connection.credential("signing_key"), fields, call.now):
        raise NotSigned("timestamp, token and signature must be in the form, signed with the integration's signing_key, and not older than 12 hours")
    return Heard(mailgun.read(posted, call.connection.account, call.now), fields["token"])


def _postmark(call: Call) -> Heard:
    if not postmark.is_signed(call.connection.secret(), call.headers.get("authorization")):
        raise NotSigned("Authorization must be HTTP Basic with the integration's webhook secret as its password")
    return Heard(postmark.read(call.body, call.connection.account, call.now))


def _gateway(call: Call) -> Heard:
    if not gateway.is_signed(call.connection.secret(), call.headers, call.body, call.now):
        raise NotSigned(
            "webhook-signature must be v1, and the HMAC of webhook-id, webhook-timestamp and the raw body with the integration's webhook secret,"
            " and webhook-timestamp at most 5 minutes off"
        )
    return Heard(gateway.read(call.body, call.connection.account))


ENTRANCES = {
    "twilio": Entrance(provider=Provider.TWILIO, hear=_twilio_message),
    "sendgrid": Entrance(provider=Provider.SENDGRID, hear=_sendgrid, brings_mail=True),
    "mailgun": Entrance(provider=Provider.MAILGUN, hear=_mailgun, brings_mail=True),
    "postmark": Entrance(provider=Provider.POSTMARK, hear=_postmark, brings_mail=True),
    "gateway": Entrance(provider=Provider.GATEWAY, hear=_gateway),
}
TWILIO_STATUS = Entrance(provider=Provider.TWILIO, hear=_twilio_status)
