"""Errors of an API as problem+json (RFC 9457): a sentence that says what was wrong and what to do."""

from http import HTTPStatus
from typing import Any

import asyncpg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from libs.refused import Refused
from libs.retry import PASSING, is_permanent_in_database, is_transient

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What was wrong, and what to do"},
        "errors": {"type": "array", "items": {"type": "object"}, "description": "The fields that are wrong"},
    },
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    family: {"description": "A problem", "content": {MEDIA_TYPE: {"schema": SCHEMA}}} for family in ("4XX", "5XX")
}
"""What every route may answer, for its OpenAPI document."""
RETRY_LATER = {"Retry-After": "5"}


def response(status: int, detail: str, *, headers: dict[str, str] | None = None, **more: Any) -> JSONResponse:  # noqa: ANN401 - extension members
    """Return a problem with the status's own title."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def install(app: FastAPI) -> None:
    """Answer every error of `app` with a problem."""

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        return response(error.status, str(error), headers=RETRY_LATER if error.status == HTTPStatus.SERVICE_UNAVAILABLE else None)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        problems = [{"field": ".".join(str(part) for part in each["loc"]), "problem": each["msg"]} for each in error.errors()]
        malformed = any(each["type"] == "json_invalid" or each["loc"] == ("header", "Idempotency-Key") for each in error.errors())
        status = HTTPStatus.BAD_REQUEST if malformed else HTTPStatus.UNPROCESSABLE_ENTITY
        return response(status, "the request does not have the expected form", errors=problems)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        return response(error.status_code, str(error.detail), headers=dict(error.headers or {}))

    async def unforeseen(_: Request, error: Exception) -> JSONResponse:
        if is_transient(error):
            log.warning("request_deferred", error=type(error).__name__)
            return response(HTTPStatus.SERVICE_UNAVAILABLE, "a server behind this one is away; try again", headers=RETRY_LATER)
        if is_permanent_in_database(error):
            return response(HTTPStatus.UNPROCESSABLE_ENTITY, "a value cannot be stored: out of range, or a NUL character")
        log.error("request_failed", error=type(error).__name__, exc_info=error)
        return response(HTTPStatus.INTERNAL_SERVER_ERROR, "this should not have happened; it is in the log")

    # By their own names as well: what is only caught as Exception is raised again after the answer, and ends the connection.
    for family in (*PASSING, asyncpg.PostgresError, Exception):
        app.add_exception_handler(family, unforeseen)
