"""What outbound is told by its environment beyond what every service is."""

from pydantic import Field, SecretStr

from libs.settings import Settings


class OutboundSettings(Settings):
    """The shared settings, and how to reach the provider."""

    whatsapp_api_url: str = Field(description="With the version: https://graph.facebook.com/v23.0")
    whatsapp_access_token: SecretStr = Field(description="Of the system user that may send for every number served here")
