"""Runs webhook_dispatcher. It consumes whatever topic is public, so that a new one cannot be forgotten."""

from libs import service
from libs.consumer import Handlers, InBatches
from libs.service import Job
from schemas import topics
from schemas.catalog import EVENTS
from schemas.topics import Visibility
from services.webhook_dispatcher import api
from services.webhook_dispatcher.add_partitions import add_partitions
from services.webhook_dispatcher.deliver_due import deliver_due
from services.webhook_dispatcher.endpoint_store import select_subscribers
from services.webhook_dispatcher.keeps import keeps
from services.webhook_dispatcher.on_public_event import on_public_events
from services.webhook_dispatcher.settings import DispatcherSettings

CONSUMES: Handlers = {
    EVENTS[topic.name]: InBatches(on_public_events, for_tenants=select_subscribers)
    for topic in topics.load().values()
    if topic.visibility is Visibility.PUBLIC
}
JOBS: list[Job] = [deliver_due, add_partitions]

if __name__ == "__main__":
    settings = DispatcherSettings()  # pyright: ignore[reportCallIssue] - read from the environment
    service.run("webhook_dispatcher", settings, consumes=CONSUMES, api=api.router, jobs=JOBS, keeps=keeps(settings))
