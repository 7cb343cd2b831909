"""Runs outbound."""

from libs import service
from libs.consumer import Handlers, InBatches
from libs.service import Job
from schemas.message_created import MessageCreated
from services.outbound.on_message_created import is_ours, on_messages_created
from services.outbound.send_due import send_due
from services.outbound.settings import OutboundSettings

CONSUMES: Handlers = {MessageCreated: InBatches(on_messages_created, wanted=is_ours)}
JOBS: list[Job] = [send_due]

if __name__ == "__main__":
    service.run("outbound", OutboundSettings(), consumes=CONSUMES, jobs=JOBS)  # pyright: ignore[reportCallIssue] - read from the environment
