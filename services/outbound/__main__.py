"""Runs outbound."""

from datetime import timedelta

from libs import retention, service
from libs.consumer import Handlers, InBatches
from libs.retention import Sweep
from libs.service import Job
from schemas.consent_changed import ConsentChanged
from schemas.integration_changed import IntegrationChanged
from schemas.message_created import MessageCreated
from schemas.message_status_changed import MessageStatusChanged
from services.outbound.on_consent_changed import on_consent_changed
from services.outbound.on_integration_changed import on_integration_changed
from services.outbound.on_message_created import is_wanted, on_messages_created
from services.outbound.on_message_status_changed import is_of_provider, on_message_statuses_changed
from services.outbound.send_due import send_due
from services.outbound.settings import OutboundSettings

CONSUMES: Handlers = {
    IntegrationChanged: on_integration_changed,
    ConsentChanged: on_consent_changed,
    MessageCreated: InBatches(on_messages_created, wanted=is_wanted, knows_repeats=True),
    MessageStatusChanged: InBatches(on_message_statuses_changed, wanted=is_of_provider, knows_repeats=True),
}
JOBS: list[Job] = [send_due]


def keeps(settings: OutboundSettings) -> list[Sweep]:
    """Return what is kept for a while only: messages that are not to be sent any more."""
    period = timedelta(days=settings.sent_kept_days)
    return [retention.rows("outbound_messages", period, since="updated_at", only="state in ('SENT', 'FAILED')")]


if __name__ == "__main__":
    settings = OutboundSettings()  # pyright: ignore[reportCallIssue] - read from the environment
    service.run("outbound", settings, consumes=CONSUMES, jobs=JOBS, keeps=keeps(settings))
