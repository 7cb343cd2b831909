"""The miniature service as a process: `python -m tests.libs.note_service`, on the topic that NOTES_TOPIC names."""

import os
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from libs import auth, service
from libs.auth import Caller, Role
from libs.idempotency import Once
from libs.postgres import Transaction, tenant_transaction
from libs.refused import NotFound
from libs.service import Service
from libs.settings import Settings
from schemas.catalog import EVENTS
from tests.libs import notes

router = APIRouter()


class NewNote(BaseModel):
    """What is to be noted."""

    content: str


class Kept(BaseModel):
    """What became of it."""

    kept: bool


@router.get("/v1/notes")
async def list_notes(running: Annotated[Service, Depends(service.of)], caller: Annotated[Caller, auth.require(Role.OPERATOR)]) -> list[str]:
    """The notes of the caller's tenant."""
    async with tenant_transaction(running.pool, [caller.distributor_id]) as tx:
        return [row["content"] for row in await tx.fetch("select content from notes order by place")]


@router.post("/v1/notes")
async def take_note(caller: Annotated[Caller, auth.require(Role.ADMIN)], once: Once, new: NewNote) -> JSONResponse:
    """Take a note, once a key."""

    async def act(tx: Transaction) -> Kept:
        await tx.execute(
            "insert into notes (distributor_id, note_id, conversation_id, content) values ($1, uuidv7(), uuidv7(), $2)",
            caller.distributor_id,
            new.content,
        )
        return Kept(kept=True)

    return await once(act, 201)


@router.post("/v1/raw")
async def measure(request: Request) -> int:
    """How long the body is."""
    return len(await request.body())


@router.get("/v1/missing")
async def missing() -> None:
    """Is never there."""
    raise NotFound("there is no such note")


@router.get("/v1/broken")
async def broken(word: str) -> None:
    """Fails in a way that nobody foresaw, over what the caller said."""
    raise RuntimeError(word)


if __name__ == "__main__":

    class Taken(notes.NoteTaken):
        """Something to remember."""

        topic = os.environ["NOTES_TOPIC"]

    EVENTS[Taken.topic] = Taken
    service.run(notes.TEMPLATE, Settings(), consumes={Taken: notes.remember}, api=router)  # pyright: ignore[reportCallIssue] - read from the environment
