"""What every service is told by its environment. Variables begin with COMANDA_."""

from typing import Annotated

from pydantic import Field, SecretStr

from libs.master_key import MasterKeySettings


class Settings(MasterKeySettings):
    """The shared settings; a service that needs more inherits from this and adds them."""

    database_url: SecretStr = Field(description="PostgreSQL, as the service's own role, which owns nothing")
    database_pool_size: Annotated[int, Field(ge=2, le=100)] = 10

    kafka_bootstrap: str = Field(description="host:port[,host:port]")
    kafka_idempotence: bool = Field(default=True, description="Off only for brokers that cannot do it, such as the embedded one")
    kafka_session_timeout_ms: int = 10_000
    kafka_fetch_max_wait_ms: int = 100
    kafka_batch_size: Annotated[int, Field(ge=1, le=5_000)] = Field(default=500, description="Most records that one transaction takes in")

    http_host: str = "127.0.0.1"
    http_port: int
    http_max_body_bytes: int = 1_000_000

    jwt_secret: SecretStr | None = Field(default=None, description="Shared secret of HS256 tokens")
    jwks_url: str | None = Field(default=None, description="Where the public keys of ES256 and RS256 tokens are")
    jwt_issuer: str = "comanda"
    jwt_audience: str = "authenticated"

    dead_letters_per_minute: Annotated[int, Field(ge=1)] = Field(default=100, description="More refusals than this halt the consumer")
    stuck_after_seconds: Annotated[int, Field(ge=5)] = Field(default=60, description="A consumer with work that stands still this long is dead")
    inbox_kept_days: Annotated[int, Field(ge=31, le=400)] = Field(
        default=35, description="How long events are known to have been taken in: longer than any consumed topic keeps them"
    )
    idempotency_keys_kept_hours: Annotated[int, Field(ge=24, le=10_000)] = Field(
        default=48, description="How long a POST that is sent again gets its first answer"
    )
    retention_every_minutes: Annotated[int, Field(ge=1, le=10_000)] = Field(default=360, description="How often old rows are looked for")
    log_level: str = "info"

    def larger_bodies(self) -> dict[str, int]:
        """Return the paths that take larger bodies than `http_max_body_bytes`, and how large these may be."""
        return {}
