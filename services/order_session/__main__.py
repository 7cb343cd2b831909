"""Runs order_session."""

from libs import service
from libs.consumer import Handlers, InBatches
from libs.settings import Settings
from schemas.customer_changed import CustomerChanged
from schemas.distributor_changed import DistributorChanged
from schemas.message_matched import MessageMatched
from services.order_session import api
from services.order_session.on_customer_changed import on_customer_changed
from services.order_session.on_distributor_changed import on_distributor_changed
from services.order_session.on_message_matched import on_messages_matched

CONSUMES: Handlers = {
    DistributorChanged: on_distributor_changed,
    CustomerChanged: on_customer_changed,
    MessageMatched: InBatches(on_messages_matched),
}

if __name__ == "__main__":
    service.run("order_session", Settings(), consumes=CONSUMES, api=api.router)  # pyright: ignore[reportCallIssue] - read from the environment
