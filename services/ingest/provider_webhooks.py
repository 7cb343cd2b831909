"""The webhooks of the providers that call for one integration, which the address names: Twilio, mail providers, gateways."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from libs import postgres, service
from libs.channels import twilio
from libs.channels.inbound import NotSigned
from libs.refused import NotFound, Refused
from libs.service import Service
from schemas.integration_changed import Provider
from services.ingest import integrations_store
from services.ingest.calls import ENTRANCES, TWILIO_STATUS, Call, Entrance, Heard
from services.ingest.connections import Connection, Connections
from services.ingest.intake import Intake
from services.ingest.left_files import leave_files
from services.ingest.metrics import WEBHOOK_ITEMS
from services.ingest.record import Routed
from services.ingest.settings import IngestSettings

MOST_BYTES_WITHOUT_FILES = 1_000_000
NOT_SIGNED = "a call was not signed as it has to be: compare the provider's settings with this integration's credentials and webhook secret"


def add_routes(api: APIRouter, settings: IngestSettings, intake: Intake) -> None:
    """Add the routes to those of the webhooks. Plain ones: they take raw bytes."""
    connections = Connections()

    async def message(request: Request) -> Response:
        """Take in what a provider brings."""
        entrance = ENTRANCES.get(request.path_params["provider"])
        if entrance is None:
            raise NotFound(f"there is no such provider; the address is /webhooks/{{{'|'.join(ENTRANCES)}}}/{{integration_id}}")
        return await receive(request, entrance)

    async def twilio_status(request: Request) -> Response:
        """Take in what became of a message of ours."""
        return await receive(request, TWILIO_STATUS)

    async def receive(request: Request, entrance: Entrance) -> Response:
        most = settings.http_max_body_bytes if entrance.brings_mail else MOST_BYTES_WITHOUT_FILES
        with intake.admitted(declared_size(request, most)):
            return await receive_admitted(await service.of(request), request, entrance, most)

    async def receive_admitted(this: Service, request: Request, entrance: Entrance, most: int) -> Response:
        async with asyncio.timeout(settings.answer_within_seconds):
            connection = await _connection(this, connections, entrance, request.path_params["integration_id"])
        body = await _body(request, most)
        call = Call(
            connection=connection, url=_url(settings, request), query=request.query_params, headers=request.headers, body=body, now=datetime.now(UTC)
        )
        try:
            heard = await _hear(this, entrance, call)
            async with asyncio.timeout(settings.answer_within_seconds):
                await _store(this, intake, connection, heard)
        except Refused as error:
            if error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                WEBHOOK_ITEMS.labels(entrance.provider, connection.route.integration_id, "refused").inc()
            if isinstance(error, NotSigned):
                await _note_failure(this, connection, settings.answer_within_seconds)
            raise
        if entrance.provider is Provider.TWILIO:
            return Response(twilio.NOTHING_TO_SAY, media_type="text/xml")
        return JSONResponse({"status": "stored" if heard.incoming else "nothing to store"})

    api.add_route(f"{api.prefix}/twilio/{{integration_id}}/status", twilio_status, methods=["POST"])
    api.add_route(f"{api.prefix}/{{provider}}/{{integration_id}}", message, methods=["POST"])


async def _connection(this: Service, connections: Connections, entrance: Entrance, named: str) -> Connection:
    """Return the integration that the address names. Raises NotFound, the same for what there is not and what is not this provider's."""
    try:
        integration_id = UUID(named)
    except ValueError:
        integration_id = None
    connection = await connections.find(this, integration_id) if integration_id else None
    if connection is None or connection.route.provider != entrance.provider:
        raise NotFound(f"there is no active {entrance.provider} integration of this id; copy the address from the integration's settings")
    return connection


async def _note_failure(this: Service, connection: Connection, within_seconds: float) -> None:
    """Show in the integration's settings that its calls cannot be told from forged ones."""
    route = connection.route
    async with asyncio.timeout(within_seconds), postgres.tenant_transaction(this.pool, [route.distributor_id]) as tx:
        await integrations_store.record_failure(tx, route.distributor_id, route.integration_id, NOT_SIGNED)


async def _hear(this: Service, entrance: Entrance, call: Call) -> Heard:
    """Return what a call tells; the files of a mail are left in our storage. Raises NotSigned, NotUnderstood."""
    if not entrance.brings_mail:
        return entrance.hear(call)
    heard = await asyncio.to_thread(entrance.hear, call)
    return replace(heard, incoming=await leave_files(this, call.connection.route, heard.incoming))


def declared_size(request: Request, most: int) -> int:
    """Return how large a call's body can become: what it says, or else as much as is taken."""
    declared = request.headers.get("content-length", "")
    return min(int(declared[:18]), most) if declared.isascii() and declared.isdecimal() else most


async def _body(request: Request, most: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > most:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is larger than {most} bytes; send less at once")
        pieces.append(piece)
    return b"".join(pieces)


def _url(settings: IngestSettings, request: Request) -> str:
    """Return the address that the provider called."""
    if settings.public_url is None:
        return str(request.url)
    query = request.url.query
    return settings.public_url.rstrip("/") + request.url.path + (f"?{query}" if query else "")


async def _store(this: Service, intake: Intake, connection: Connection, heard: Heard) -> None:
    if heard.incoming:
        await intake.store(this, [Routed(connection.route, incoming, heard.token) for incoming in heard.incoming])
