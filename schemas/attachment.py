"""A file that came with a message."""

from pydantic import Field

from schemas.event import Fact


class Attachment(Fact):
    """Where the provider keeps the file, and what it says the file is."""

    external_id: str | None = Field(default=None, max_length=500, description="The provider's id of the file")
    url: str | None = Field(default=None, max_length=2_000)
    mime_type: str | None = Field(default=None, max_length=200)
    filename: str | None = Field(default=None, max_length=500)
    sha256: str | None = Field(default=None, max_length=100)
