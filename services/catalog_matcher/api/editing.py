"""How every part of the catalog is called: who may, pages, ETags, patches, and POSTs that may be sent again."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Protocol, TypeVar
from uuid import UUID

from fastapi import Body, Depends, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError

from libs import auth, service
from libs.auth import Caller, Role
from libs.idempotency import once
from libs.postgres import Transaction
from libs.refused import NotFound, Refused
from libs.service import Service

Operator = Annotated[Caller, auth.require(Role.OPERATOR)]
Manager = Annotated[Caller, auth.require(Role.MANAGER)]
This = Annotated[Service, Depends(service.of)]
Patch = Annotated[dict[str, Any], Body(description="JSON merge patch (RFC 7396)")]
IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=200, description="The ETag of what is to be changed")]
Limit = Annotated[int, Query(ge=1, le=200)]
FIRST = UUID(int=0)

Details = TypeVar("Details", bound=BaseModel)
Thing = TypeVar("Thing")


class Stamped(Protocol):
    """What says when it was written last."""

    @property
    def updated_at(self) -> datetime:
        """When that was."""
        ...


class ChangedSince(Refused):
    """What is to be changed is another than the caller has in hand."""

    status = HTTPStatus.PRECONDITION_FAILED


def etag(thing: Stamped) -> str:
    """Return the mark of a thing as it is now; every change gives it another."""
    return _mark(thing.updated_at)


def check_version(if_match: str | None, current: Stamped) -> None:
    """Raise ChangedSince where the caller names another version than there is now."""
    if if_match is not None and not {"*", etag(current)} & {each.strip() for each in if_match.split(",")}:
        raise ChangedSince(f"it was changed since: its ETag is {etag(current)} now; get it and decide anew")


def patched(model: type[Details], current: BaseModel, patch: dict[str, Any]) -> Details:
    """Return the details of `current` with those that `patch` names. Raises RequestValidationError where they make no sense together."""
    if not patch:
        raise Refused("name at least one field that is to change")
    try:
        return model.model_validate(current.model_dump(include=set(model.model_fields)) | patch)
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from None


def found(thing: Thing | None, what: str, thing_id: object) -> Thing:
    """Return what was looked for. Raises NotFound."""
    if thing is None:
        raise NotFound(f"there is no {what} {thing_id}")
    return thing


async def create(
    this: Service, caller: Caller, request: Request, key: str, write: Callable[[Transaction], Awaitable[BaseModel]], sent: bytes | None = None
) -> JSONResponse:
    """Answer a POST with what `write` wrote; the same request with the same key is answered the same and writes nothing.

    `sent` stands for the body where that has been read already.
    """

    async def act(tx: Transaction) -> tuple[int, dict[str, Any]]:
        return HTTPStatus.CREATED, (await write(tx)).model_dump(mode="json")

    answer = await once(this.pool, caller.distributor_id, key, request.url.path.encode() + (await request.body() if sent is None else sent), act)
    this.wake()
    body = BodyWithTime.model_validate_json(bytes(answer.body))
    if body.updated_at:
        answer.headers["ETag"] = _mark(body.updated_at)
    return answer


class BodyWithTime(BaseModel):
    """The part of an answer that its ETag is made of."""

    updated_at: datetime | None = None


def _mark(updated_at: datetime) -> str:
    return f'"{round((updated_at - datetime.min.replace(tzinfo=UTC)).total_seconds() * 1_000_000):x}"'
