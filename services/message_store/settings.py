"""What message_store is told by its environment beyond what every service is."""

from pydantic import Field, SecretStr

from libs.storage import StorageSettings
from schemas.integration_changed import Provider

HOSTS: dict[Provider, tuple[str, ...]] = {
    Provider.META: ("lookaside.fbsbx.com", "*.fbcdn.net", "*.whatsapp.net"),
    Provider.TWILIO: ("*.twilio.com", "*.twiliocdn.com"),
}
"""Where the providers keep files; the others keep none."""


class MessageStoreSettings(StorageSettings):
    """The shared settings, where files are kept, and where they may be fetched."""

    media_hosts: dict[Provider, tuple[str, ...]] = Field(
        default_factory=dict, description='Hosts of files beside the providers\' own: {"Gateway": ["files.example.com", "*.example.net"]}'
    )
    media_allow_loopback: bool = Field(default=False, description="Files on this machine and over plain http: for local stacks only")
    media_max_bytes: int = Field(default=20_000_000, ge=1_000, description="A file that is larger is not stored")
    whatsapp_api_url: str = Field(default="https://graph.facebook.com/v23.0", description="With the version")
    whatsapp_access_token: SecretStr | None = Field(default=None, description="For the numbers that have no token of their own")

    def hosts_of(self, provider: Provider) -> tuple[str, ...]:
        """Return the hosts from which files of a provider may come; `*.` stands for any name before the rest."""
        return HOSTS.get(provider, ()) + self.media_hosts.get(provider, ())
