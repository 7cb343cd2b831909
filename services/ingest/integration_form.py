"""What an owner may say of an integration, by provider: whose account, how it is used, and what opens it."""

from base64 import b64decode
from typing import Annotated, Any, ClassVar, Literal, Self

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, Field, SecretStr, StringConstraints, TypeAdapter, model_validator
from pydantic_core import to_json

from libs.channels.gateway import SECRET_PREFIX
from schemas.contact import Channel
from schemas.integration_changed import IntegrationStatus, Provider

WHATSAPP = "whatsapp:"
SECRET_BYTES = range(24, 65)


def _mail(text: str) -> str:
    try:
        return validate_email(text, check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None


def _printable(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not (text.isascii() and text.isprintable()) or text != text.strip():
        raise ValueError("must be printable ASCII without space around it")
    return secret


def _standard(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    try:
        key = b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except ValueError:
        key = b""
    if not text.startswith(SECRET_PREFIX) or len(key) not in SECRET_BYTES:
        raise ValueError("must be a Standard Webhooks secret: whsec_ and Base64 of 24 to 64 bytes")
    return secret


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Mailbox = Annotated[str, StringConstraints(max_length=320), AfterValidator(_mail)]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=2_000), AfterValidator(_printable)]
WebhookSecret = Annotated[SecretStr, Field(min_length=16, max_length=200), AfterValidator(_printable)]
SigningSecret = Annotated[SecretStr, AfterValidator(_standard)]


class _Form(BaseModel, frozen=True, extra="forbid"):
    """Values that an owner sends."""


class Config(_Form, frozen=True):
    """How an account is used. What is left out is as the installation has it."""

    messages_per_second: Annotated[float, Field(ge=0.01, le=1_000)] | None = None


class MetaTemplate(_Form, frozen=True):
    """An approved template whose one variable is the text."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,512}$")]
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(_[A-Z]{2})?$")]


class MetaConfig(Config, frozen=True):
    """`template` answers where the customer has not written for 24 hours."""

    template: MetaTemplate | None = None


class TwilioTemplate(_Form, frozen=True):
    """An approved content template whose one variable is the text."""

    content_sid: Annotated[str, StringConstraints(pattern=r"^HX[0-9a-fA-F]{32}$")]


class TwilioConfig(Config, frozen=True):
    """`template` answers over WhatsApp where the customer has not written for 24 hours."""

    template: TwilioTemplate | None = None


class MailConfig(Config, frozen=True):
    """`from_name` stands before the address in the mails that we send."""

    from_name: Line | None = None


class MailgunConfig(MailConfig, frozen=True):
    """`region` is where the domain was set up."""

    region: Literal["US", "EU"] | None = None


class Credentials(_Form, frozen=True):
    """What opens an account."""

    def in_clear(self) -> bytes:
        """Return them as JSON, to be sealed."""
        given = {name: value.get_secret_value() if isinstance(value, SecretStr) else value for name, value in self if value is not None}
        return to_json(given)


class MetaCredentials(Credentials, frozen=True):
    """The token of a system user."""

    access_token: Secret


class TwilioCredentials(Credentials, frozen=True):
    """The account and its primary token, which also signs."""

    account_sid: Annotated[str, StringConstraints(pattern=r"^AC[0-9a-fA-F]{32}$")]
    auth_token: Secret


class SendGridCredentials(Credentials, frozen=True):
    """`inbound_public_key`: Base64 as SendGrid shows it, where its webhooks are signed."""

    api_key: Secret
    inbound_public_key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{40,1000}={0,2}$")] | None = None


class MailgunCredentials(Credentials, frozen=True):
    """`signing_key` is the one for webhooks, not the key of the API."""

    api_key: Secret
    domain: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$", max_length=253)]
    signing_key: Secret


class PostmarkCredentials(Credentials, frozen=True):
    """The token of a server at Postmark."""

    server_token: Secret


class GatewayConfig(Config, frozen=True):
    """`reply_url` is called with what we write to customers; without it nothing can be sent."""

    reply_url: Annotated[str, StringConstraints(min_length=1, max_length=2_000)] | None = None


class GatewayCredentials(Credentials, frozen=True):
    """A gateway of your own takes none: both sides sign with the webhook secret."""


class Wanted(_Form, frozen=True):
    """An integration as its owner wants it, whoever the provider is."""

    needs_credentials: ClassVar[bool] = True
    """Without them no call can be told from a forged one."""

    provider: Provider
    channel: Channel
    external_account_id: str
    display_name: Line
    provider_version: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,50}$")] | None = None
    status: Literal[IntegrationStatus.ACTIVE, IntegrationStatus.INACTIVE] = IntegrationStatus.ACTIVE
    config: Config = Config()
    credentials: Credentials | None = None
    webhook_secret: WebhookSecret | None = Field(default=None, description="What inbound calls are known by; null: we make one")

    def kept_config(self) -> dict[str, Any]:
        """Return the settings that were named."""
        return self.config.model_dump(mode="json", exclude_none=True)


class MetaWanted(Wanted, frozen=True):
    """A WhatsApp number at Meta. Without credentials the installation's own are used."""

    needs_credentials = False

    provider: Literal[Provider.META]
    channel: Literal[Channel.WHATSAPP] = Channel.WHATSAPP
    external_account_id: Annotated[str, StringConstraints(pattern=r"^[0-9]{5,20}$"), Field(description="The phone_number_id")]
    config: MetaConfig = MetaConfig()
    credentials: MetaCredentials | None = None


class TwilioWanted(Wanted, frozen=True):
    """A number at Twilio, of either channel."""

    provider: Literal[Provider.TWILIO]
    channel: Literal[Channel.SMS, Channel.WHATSAPP]
    external_account_id: Annotated[
        str,
        StringConstraints(pattern=r"^(whatsapp:)?\+[1-9][0-9]{6,14}$"),
        Field(description="E.164; for WHATSAPP with whatsapp: before it"),
    ]
    config: TwilioConfig = TwilioConfig()
    credentials: TwilioCredentials | None = None

    @model_validator(mode="after")
    def _account_is_the_channels(self) -> Self:
        if self.external_account_id.startswith(WHATSAPP) != (self.channel is Channel.WHATSAPP):
            raise ValueError("external_account_id must begin with whatsapp: where channel is WHATSAPP, and only there")
        return self


class MailWanted(Wanted, frozen=True):
    """A mailbox at a mail provider."""

    channel: Literal[Channel.EMAIL] = Channel.EMAIL
    external_account_id: Mailbox = Field(description="The address that customers write to")
    config: MailConfig = MailConfig()


class SendGridWanted(MailWanted, frozen=True):
    """A mailbox at SendGrid."""

    provider: Literal[Provider.SENDGRID]
    credentials: SendGridCredentials | None = None


class MailgunWanted(MailWanted, frozen=True):
    """A mailbox at Mailgun."""

    provider: Literal[Provider.MAILGUN]
    config: MailgunConfig = MailgunConfig()
    credentials: MailgunCredentials | None = None


class PostmarkWanted(MailWanted, frozen=True):
    """A mailbox at Postmark."""

    provider: Literal[Provider.POSTMARK]
    credentials: PostmarkCredentials | None = None


class GatewayWanted(Wanted, frozen=True):
    """A gateway of the owner's, which calls us and is called."""

    needs_credentials = False

    provider: Literal[Provider.GATEWAY]
    external_account_id: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=320)]
    config: GatewayConfig = GatewayConfig()
    credentials: GatewayCredentials | None = None
    webhook_secret: SigningSecret | None = None


AnyWanted = Annotated[
    MetaWanted | TwilioWanted | SendGridWanted | MailgunWanted | PostmarkWanted | GatewayWanted,
    Field(discriminator="provider"),
]
any_wanted: TypeAdapter[Wanted] = TypeAdapter(AnyWanted)
