"""Runs message_store."""

from libs import service
from libs.consumer import Handlers, InBatches
from libs.service import Job
from schemas.conversation_summarized import ConversationSummarized
from schemas.customer_changed import CustomerChanged
from schemas.distributor_changed import DistributorChanged
from schemas.integration_changed import IntegrationChanged
from schemas.message_amended import MessageAmended
from schemas.message_analyzed import MessageAnalyzed
from schemas.message_received import MessageReceived
from schemas.message_status_changed import MessageStatusChanged
from schemas.order_session_changed import OrderSessionChanged
from schemas.reply_requested import ReplyRequested
from services.message_store import api
from services.message_store.amending import amend_due
from services.message_store.keeps import keeps
from services.message_store.media.fetch_due import fetch_due
from services.message_store.on_conversation_summarized import on_conversation_summarized
from services.message_store.on_customer_changed import on_customers_changed
from services.message_store.on_distributor_changed import on_distributor_changed
from services.message_store.on_integration_changed import on_integration_changed
from services.message_store.on_message_amended import on_messages_amended
from services.message_store.on_message_analyzed import on_messages_analyzed
from services.message_store.on_message_received import on_messages_received
from services.message_store.on_message_status_changed import on_message_statuses_changed
from services.message_store.on_order_session_changed import on_order_sessions_changed
from services.message_store.on_reply_requested import on_replies_requested
from services.message_store.pii.scan_due import scan_due
from services.message_store.settings import MessageStoreSettings

CONSUMES: Handlers = {
    DistributorChanged: on_distributor_changed,
    CustomerChanged: InBatches(on_customers_changed),
    IntegrationChanged: on_integration_changed,
    MessageReceived: InBatches(on_messages_received, knows_repeats=True),
    MessageAmended: InBatches(on_messages_amended),
    ReplyRequested: InBatches(on_replies_requested),
    MessageAnalyzed: InBatches(on_messages_analyzed),
    MessageStatusChanged: InBatches(on_message_statuses_changed),
    OrderSessionChanged: InBatches(on_order_sessions_changed),
    ConversationSummarized: on_conversation_summarized,
}
JOBS: list[Job] = [fetch_due, amend_due, scan_due]

if __name__ == "__main__":
    settings = MessageStoreSettings()  # pyright: ignore[reportCallIssue] - read from the environment
    service.run("message_store", settings, consumes=CONSUMES, api=api.router, jobs=JOBS, keeps=keeps(settings))
