"""The providers' webhooks. No token: the provider's signature says who calls."""

import asyncio
import hmac
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse

from libs import service
from libs.channels import whatsapp
from libs.refused import NotFound
from libs.service import Service
from services.ingest import provider_webhooks
from services.ingest.intake import Intake
from services.ingest.metrics import WEBHOOK_ITEMS
from services.ingest.provider_webhooks import declared_size
from services.ingest.record import Routed
from services.ingest.routes import Routes
from services.ingest.settings import IngestSettings


def router(settings: IngestSettings, intake: Intake) -> APIRouter:
    """Return the webhooks' routes."""
    routes = Routes()
    api = APIRouter(prefix="/webhooks", tags=["webhooks"])

    @api.get("/whatsapp")
    async def challenge(  # pyright: ignore[reportUnusedFunction]
        mode: Annotated[str, Query(alias="hub.mode")],
        token: Annotated[str, Query(alias="hub.verify_token")],
        answer: Annotated[str, Query(alias="hub.challenge", max_length=200)],
    ) -> PlainTextResponse:
        """Prove to Meta that this address is ours: repeat the challenge when the token is right."""
        if mode != "subscribe" or not hmac.compare_digest(token.encode(), settings.whatsapp_verify_token.get_secret_value().encode()):
            raise HTTPException(HTTPStatus.FORBIDDEN, "hub.mode must be subscribe and hub.verify_token the one that is configured here")
        return PlainTextResponse(answer)

    async def receive(request: Request) -> JSONResponse:
        """Store all that a signed webhook tells; answers when it is committed. What is about numbers of others is left out."""
        with intake.admitted(declared_size(request, settings.http_max_body_bytes)):
            return await receive_admitted(await service.of(request), request)

    async def receive_admitted(this: Service, request: Request) -> JSONResponse:
        body = await request.body()
        if not whatsapp.is_signed(settings.whatsapp_app_secret.get_secret_value(), body, request.headers.get(whatsapp.SIGNATURE_HEADER)):
            WEBHOOK_ITEMS.labels(whatsapp.PROVIDER, "", "refused").inc()
            raise HTTPException(
                HTTPStatus.UNAUTHORIZED, f"{whatsapp.SIGNATURE_HEADER} must be sha256= and the HMAC of the raw body with the app secret"
            )
        incoming = whatsapp.read(body)
        async with asyncio.timeout(settings.answer_within_seconds):
            found = await routes.find(this.pool, whatsapp.PROVIDER, {each.account for each in incoming})
            routed = [Routed(found[each.account], each) for each in incoming if each.account in found]
            if incoming and not routed:
                raise NotFound("no distributor is connected to this phone_number_id; add an integration for it first")
            if routed:
                await intake.store(this, routed)
        return JSONResponse({"status": "stored" if routed else "nothing to store"})

    # A plain route: it takes raw bytes, and FastAPI's parameters and serialization would be half of what a call costs.
    api.add_route(f"{api.prefix}/whatsapp", receive, methods=["POST"])
    provider_webhooks.add_routes(api, settings, intake)
    return api
