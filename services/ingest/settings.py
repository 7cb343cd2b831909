"""What ingest is told beyond the shared settings."""

from pydantic import Field, SecretStr

from libs.storage import StorageSettings


class IngestSettings(StorageSettings):
    """The secrets of the Meta app that this installation receives WhatsApp messages by, and where providers find it.

    The files of mails are left in the storage, where message_store looks for them: both have to name the same one.
    """

    http_max_body_bytes: int = Field(default=30_000_000, description="Mail comes with its files; what is not mail may have 1,000,000 bytes")
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s?#]+$",
        description="What the addresses begin with that providers call, where a proxy stands before this service: https://hooks.example.com",
    )
    answer_within_seconds: float = Field(
        default=1.0, ge=0.1, le=15, description="What is not stored by then is answered with 503, and the provider sends it again"
    )
    gateway_allow_loopback: bool = Field(default=False, description="Gateways on this machine and over plain http: for local stacks only")
    receipts_kept_days: int = Field(
        default=10, ge=8, le=400, description="How long a webhook that is delivered again is known; providers try for up to 7 days"
    )
    whatsapp_app_secret: SecretStr = Field(min_length=8, description="Signs every webhook of the WhatsApp Cloud API")
    whatsapp_verify_token: SecretStr = Field(min_length=8, description="What Meta repeats when it checks the subscription")
