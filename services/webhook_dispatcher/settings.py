"""What webhook_dispatcher is told by its environment beyond what every service is."""

from pydantic import Field

from libs.settings import Settings


class DispatcherSettings(Settings):
    """The shared settings, and where webhooks may go."""

    webhook_deliveries_kept_days: int = Field(
        default=35, ge=31, le=400, description="How long deliveries that are done, or held, can be looked up and replayed"
    )
    webhook_attempts_kept_months: int = Field(default=3, ge=1, le=120, description="How many whole months of the log of attempts are kept")
    webhook_allow_loopback: bool = Field(default=False, description="Endpoints on this machine and over plain http: for local stacks only")
