"""Runs message_store."""

from libs import service
from libs.consumer import Handlers, InBatches
from libs.service import Job
from schemas.integration_changed import IntegrationChanged
from schemas.message_analyzed import MessageAnalyzed
from schemas.message_received import MessageReceived
from schemas.message_status_changed import MessageStatusChanged
from schemas.order_session_changed import OrderSessionChanged
from schemas.reply_requested import ReplyRequested
from services.message_store import api
from services.message_store.keeps import keeps
from services.message_store.media.fetch_due import fetch_due
from services.message_store.on_integration_changed import on_integration_changed
from services.message_store.on_message_analyzed import on_messages_analyzed
from services.message_store.on_message_received import on_messages_received
from services.message_store.on_message_status_changed import on_message_statuses_changed
from services.message_store.on_order_session_changed import on_order_sessions_changed
from services.message_store.on_reply_requested import on_replies_requested
from services.message_store.settings import MessageStoreSettings

CONSUMES: Handlers = {
    IntegrationChanged: on_integration_changed,
    MessageReceived: InBatches(on_messages_received, knows_repeats=True),
    ReplyRequested: InBatches(on_replies_requested),
    MessageAnalyzed: InBatches(on_messages_analyzed),
    MessageStatusChanged: InBatches(on_message_statuses_changed),
    OrderSessionChanged: InBatches(on_order_sessions_changed),
}
JOBS: list[Job] = [fetch_due]

if __name__ == "__main__":
    settings = MessageStoreSettings()  # pyright: ignore[reportCallIssue] - read from the environment
    service.run("message_store", settings, consumes=CONSUMES, api=api.router, jobs=JOBS, keeps=keeps(settings))
