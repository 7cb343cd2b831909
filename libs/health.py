"""How a service is: alive (else restart it), ready (else send it nothing), and its metrics."""

import asyncio
from http import HTTPStatus
from typing import Any

import asyncpg
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from libs.postgres import Connection

ANSWERS_WITHIN_SECONDS = 2.0

router = APIRouter(tags=["health"])


@router.get("/health/live")
async def live(request: Request) -> JSONResponse:
    """200 while this process makes progress, or has none to make; 503 when it is stuck."""
    service: Any = request.app.state.service
    stuck = service.failed or (service.consumer is not None and service.consumer.stuck())
    return _answer({"consumer": "stuck" if stuck else "ok"}, healthy=not stuck)


@router.get("/health/ready")
async def ready(request: Request) -> JSONResponse:
    """200 when the database answers, the consumer has joined its group and has not halted."""
    service: Any = request.app.state.service
    consumer = service.consumer
    checks = {"database": "ok" if await _database_answers(service) else "away"}
    if consumer is not None:
        checks["consumer"] = consumer.halted or ("ok" if consumer.joined else "joining")
    return _answer(checks, healthy=all(state == "ok" for state in checks.values()))


@router.get("/metrics", include_in_schema=False)
async def metrics() -> Response:
    """The metrics in Prometheus's text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _database_answers(service: Any) -> bool:  # noqa: ANN401 - libs.service imports this module
    try:
        async with asyncio.timeout(ANSWERS_WITHIN_SECONDS), service.pool.acquire() as connection:
            return await _answers(connection)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False


async def _answers(connection: Connection) -> bool:
    try:
        return await connection.fetchval("select true")
    except BaseException:
        connection.terminate()
        raise


def _answer(checks: dict[str, str], *, healthy: bool) -> JSONResponse:
    return JSONResponse(checks, status_code=HTTPStatus.OK if healthy else HTTPStatus.SERVICE_UNAVAILABLE)
