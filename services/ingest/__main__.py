"""Runs ingest."""

from datetime import timedelta

from fastapi import APIRouter

from libs import retention, service
from libs.consumer import Handlers
from libs.retention import Sweep
from schemas.customer_changed import CustomerChanged
from schemas.distributor_changed import DistributorChanged
from services.ingest import api, integrations_api
from services.ingest.count_integrations import counting
from services.ingest.intake import Intake
from services.ingest.on_customer_changed import on_customer_changed
from services.ingest.on_distributor_changed import on_distributor_changed
from services.ingest.settings import IngestSettings

CONSUMES: Handlers = {DistributorChanged: on_distributor_changed, CustomerChanged: on_customer_changed}


def keeps(settings: IngestSettings) -> list[Sweep]:
    """Return what is kept for a while only: as long as a provider may deliver the same again."""
    period = timedelta(days=settings.receipts_kept_days)
    return [retention.rows("inbound_receipts", period, since="received_at"), retention.rows("webhook_tokens", period)]


if __name__ == "__main__":
    settings = IngestSettings()  # pyright: ignore[reportCallIssue] - read from the environment
    intake = Intake()
    routes = APIRouter()
    routes.include_router(api.router(settings, intake))
    routes.include_router(integrations_api.router)
    service.run("ingest", settings, consumes=CONSUMES, api=routes, jobs=[intake.store_waiting, counting()], keeps=keeps(settings))
