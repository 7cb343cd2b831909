"""What webhook_dispatcher is told by its environment beyond what every service is."""

from pydantic import Field

from libs.settings import Settings


class DispatcherSettings(Settings):
    """The shared settings, and where webhooks may go."""

    webhook_allow_loopback: bool = Field(default=False, description="Endpoints on this machine and over plain http: for local stacks only")
