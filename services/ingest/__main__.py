"""Runs ingest."""

from fastapi import APIRouter

from libs import service
from libs.consumer import Handlers
from schemas.customer_changed import CustomerChanged
from schemas.distributor_changed import DistributorChanged
from services.ingest import api, integrations_api
from services.ingest.intake import Intake
from services.ingest.on_customer_changed import on_customer_changed
from services.ingest.on_distributor_changed import on_distributor_changed
from services.ingest.settings import IngestSettings

CONSUMES: Handlers = {DistributorChanged: on_distributor_changed, CustomerChanged: on_customer_changed}

if __name__ == "__main__":
    settings = IngestSettings()  # pyright: ignore[reportCallIssue] - read from the environment
    intake = Intake()
    routes = APIRouter()
    routes.include_router(api.router(settings, intake))
    routes.include_router(integrations_api.router)
    service.run("ingest", settings, consumes=CONSUMES, api=routes, jobs=[intake.store_waiting])
