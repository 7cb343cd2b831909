"""Runs ai_agent."""

from libs import service
from libs.consumer import Handlers, InBatches
from libs.llm import client
from libs.service import Job
from schemas.ai_call_recorded import AiCallRecorded
from schemas.customer_erased import CustomerErased
from schemas.distributor_changed import DistributorChanged
from schemas.message_created import MessageCreated
from schemas.message_file_stored import MessageFileStored
from schemas.message_text_extracted import MessageTextExtracted
from schemas.order_cancelled import OrderCancelled
from schemas.order_confirmed import OrderConfirmed
from schemas.order_corrected import OrderCorrected
from schemas.order_created import OrderCreated
from schemas.order_session_changed import OrderSessionChanged
from schemas.product_changed import ProductChanged
from services.ai_agent import api
from services.ai_agent.book_abandoned import book_abandoned
from services.ai_agent.keeps import keeps
from services.ai_agent.on_ai_call_recorded import is_of_another, on_ai_calls_recorded
from services.ai_agent.on_customer_erased import on_customer_erased
from services.ai_agent.on_distributor_changed import on_distributor_changed
from services.ai_agent.on_message_created import is_theirs, on_messages_created, on_messages_created_with_model
from services.ai_agent.on_message_file_stored import on_files_stored
from services.ai_agent.on_message_text_extracted import on_texts_extracted, on_texts_extracted_with_model
from services.ai_agent.on_order_changed import on_order_changed
from services.ai_agent.on_order_confirmed import on_order_confirmed
from services.ai_agent.on_order_corrected import on_order_corrected
from services.ai_agent.on_order_session_changed import on_order_sessions_changed
from services.ai_agent.on_product_changed import on_products_changed
from services.ai_agent.settings import AiAgentSettings
from services.ai_agent.work_due import Worker

ALWAYS: Handlers = {
    DistributorChanged: on_distributor_changed,
    OrderCorrected: on_order_corrected,
    CustomerErased: on_customer_erased,
    AiCallRecorded: InBatches(on_ai_calls_recorded, wanted=is_of_another),
}
LOCAL: Handlers = {
    **ALWAYS,
    MessageCreated: InBatches(on_messages_created, wanted=is_theirs),
    MessageTextExtracted: InBatches(on_texts_extracted),
}
"""Without a model: what only a model would read is not even consumed."""
CONSUMES: Handlers = {
    **ALWAYS,
    MessageCreated: InBatches(on_messages_created_with_model),
    MessageTextExtracted: InBatches(on_texts_extracted_with_model),
    MessageFileStored: InBatches(on_files_stored),
    OrderSessionChanged: InBatches(on_order_sessions_changed),
    ProductChanged: InBatches(on_products_changed),
    OrderCreated: on_order_changed,
    OrderConfirmed: on_order_confirmed,
    OrderCancelled: on_order_changed,
}

if __name__ == "__main__":
    settings = AiAgentSettings()  # pyright: ignore[reportCallIssue] - read from the environment
    if settings.has_model:
        client.warm_up()
    jobs: list[Job] = [Worker(settings).work_due, book_abandoned]
    consumes = CONSUMES if settings.has_model else LOCAL
    service.run("ai_agent", settings, consumes=consumes, api=api.router, jobs=jobs, keeps=keeps(settings))
