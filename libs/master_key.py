"""Where the installation's master key comes from: a variable, or a file for those who mount secrets."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from libs import crypto


class MasterKeySettings(BaseSettings):
    """COMANDA_MASTER_KEY, or the content of the file that COMANDA_MASTER_KEY_FILE names."""

    model_config = SettingsConfigDict(env_prefix="COMANDA_", extra="ignore", hide_input_in_errors=True)

    master_key: SecretStr = Field(
        default=SecretStr(""),
        description="Base64 of 32 random bytes; encrypts secrets at rest. Two, with a comma between, while one replaces the other: the first seals",
    )
    master_key_file: Path | None = Field(default=None, description="A file with the master key; it goes before master_key")

    @model_validator(mode="after")
    def _there_is_a_key(self) -> Self:
        if self.master_key_file:
            try:
                self.master_key = SecretStr(self.master_key_file.read_text(encoding="ascii"))
            except (OSError, ValueError):
                raise ValueError("COMANDA_MASTER_KEY_FILE names no file that can be read") from None
        try:
            crypto.keys(self.master_key)
        except ValueError:
            raise ValueError("COMANDA_MASTER_KEY must be base64 of 32 random bytes: openssl rand -base64 32") from None
        return self
