"""What ingest is told beyond the shared settings."""

from pydantic import Field, SecretStr

from libs.settings import Settings


class IngestSettings(Settings):
    """The secrets of the Meta app that this installation receives WhatsApp messages by."""

    whatsapp_app_secret: SecretStr = Field(min_length=8, description="Signs every webhook of the WhatsApp Cloud API")
    whatsapp_verify_token: SecretStr = Field(min_length=8, description="What Meta repeats when it checks the subscription")
