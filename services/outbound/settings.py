"""What outbound is told by its environment beyond what every service is."""

from pydantic import Field, SecretStr

from libs.settings import Settings


class OutboundSettings(Settings):
    """The shared settings, and where the providers' APIs are."""

    whatsapp_api_url: str = Field(description="With the version: https://graph.facebook.com/v23.0")
    whatsapp_access_token: SecretStr = Field(description="Of the system user that may send for the numbers that have no token of their own")
    twilio_api_url: str = "https://api.twilio.com"
    sendgrid_api_url: str = "https://api.sendgrid.com"
    mailgun_api_url: str = "https://api.mailgun.net"
    mailgun_eu_api_url: str = Field(default="https://api.eu.mailgun.net", description="For integrations with region EU in their config")
    postmark_api_url: str = "https://api.postmarkapp.com"
    sent_kept_days: int = Field(
        default=30, ge=8, le=400, description="How long it is known what was sent: longer than the topic keeps what asks for it"
    )
    gateway_allow_loopback: bool = Field(default=False, description="Gateways on this machine and over plain http: for local stacks only")
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s?#]+$",
        description="As ingest has it: what the addresses begin with that providers call. Without it Twilio tells nobody what becomes of messages",
    )
