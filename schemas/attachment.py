"""A file that came with a message."""

from pydantic import Field

from schemas.event import Fact

LEFT_IN_STORAGE = "storage:"
"""How the address of a file begins that came with its message, and that whoever took it in has left in our storage; its key follows."""
LEFT_UNDER = "received"
"""What stands in such a key behind the tenant's id."""


class Attachment(Fact):
    """Where the provider keeps the file, and what it says the file is."""

    external_id: str | None = Field(default=None, max_length=500, description="The provider's id of the file")
    url: str | None = Field(default=None, max_length=2_000, description="Where it is fetched; storage: and a key where it came with the message")
    mime_type: str | None = Field(default=None, max_length=200)
    filename: str | None = Field(default=None, max_length=500)
    sha256: str | None = Field(default=None, max_length=100)
