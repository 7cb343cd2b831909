"""Runs catalog_matcher."""

from libs import service
from libs.consumer import Handlers, InBatches
from libs.service import Job
from schemas.customer_changed import CustomerChanged
from schemas.customer_erased import CustomerErased
from schemas.distributor_changed import DistributorChanged
from schemas.message_analyzed import MessageAnalyzed
from schemas.order_cancelled import OrderCancelled
from schemas.order_confirmed import OrderConfirmed
from schemas.order_corrected import OrderCorrected
from services.catalog_matcher import api
from services.catalog_matcher.import_due import import_due
from services.catalog_matcher.on_customer_changed import on_customer_changed
from services.catalog_matcher.on_customer_erased import on_customer_erased
from services.catalog_matcher.on_distributor_changed import on_distributor_changed
from services.catalog_matcher.on_message_analyzed import on_messages_analyzed
from services.catalog_matcher.on_order_cancelled import on_orders_cancelled
from services.catalog_matcher.on_order_confirmed import on_orders_confirmed
from services.catalog_matcher.on_order_corrected import on_orders_corrected
from services.catalog_matcher.settings import CatalogMatcherSettings

CONSUMES: Handlers = {
    DistributorChanged: on_distributor_changed,
    CustomerChanged: on_customer_changed,
    OrderConfirmed: InBatches(on_orders_confirmed),
    OrderCorrected: InBatches(on_orders_corrected),
    OrderCancelled: InBatches(on_orders_cancelled),
    CustomerErased: on_customer_erased,
    MessageAnalyzed: InBatches(on_messages_analyzed),
}
JOBS: list[Job] = [import_due]

if __name__ == "__main__":
    service.run("catalog_matcher", CatalogMatcherSettings(), consumes=CONSUMES, api=api.router, jobs=JOBS)  # pyright: ignore[reportCallIssue] - read from the environment
