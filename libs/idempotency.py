"""A POST that may be sent again: the same key gets the same answer (IETF draft Idempotency-Key, revision 06)."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from libs import auth, postgres, service
from libs.auth import Caller
from libs.postgres import Pool, Transaction
from libs.refused import Conflict, Refused
from libs.service import Service

IdempotencyKey = Annotated[
    str, Header(alias="Idempotency-Key", min_length=1, max_length=255, description="Any text of yours; the same request, the same key")
]


class KeyUsedForAnotherRequest(Refused):
    """The key belongs to a request with another body."""


@dataclass(frozen=True, slots=True)
class RepeatableRequest:
    """A POST of one tenant with its key. Its address and its body together are what makes it the same request."""

    service: Service
    distributor_id: UUID
    key: str
    content: bytes

    async def __call__(self, act: Callable[[Transaction], Awaitable[BaseModel]], status: int = HTTPStatus.OK) -> JSONResponse:
        """Run `act` in a transaction, and answer with `status` and what it returns; a repeat gets that answer again. Raises as `once` does."""

        async def answer(tx: Transaction) -> tuple[int, dict[str, Any]]:
            return status, (await act(tx)).model_dump(mode="json")

        response = await once(self.service.pool, self.distributor_id, self.key, self.content, answer)
        self.service.wake()
        return response


async def _repeatable(
    request: Request,
    key: IdempotencyKey,
    caller: Annotated[Caller, Depends(auth.authenticate)],
    this: Annotated[Service, Depends(service.of)],
) -> RepeatableRequest:
    address = f"{request.method} {request.url.path}?{request.url.query}\n"
    return RepeatableRequest(this, caller.distributor_id, key, address.encode() + await request.body())


Once = Annotated[RepeatableRequest, Depends(_repeatable)]
"""What a POST route asks for: `return await once(act)`."""


async def once(
    pool: Pool, distributor_id: UUID, key: str, request: bytes, act: Callable[[Transaction], Awaitable[tuple[int, dict[str, Any]]]]
) -> JSONResponse:
    """Run `act`, which returns a status and a JSON object, in a transaction that also keeps its answer; repeat the answer for the same key.

    Raises KeyUsedForAnotherRequest when the key came with another request before. A repeat while the first is still in flight waits for it.
    """
    digest = hashlib.sha256(request).digest()
    async with postgres.tenant_transaction(pool, [distributor_id]) as tx:
        if not await insert_key(tx, distributor_id, key, digest):
            return await _repeat(tx, distributor_id, key, digest)
        status, body = await act(tx)
        await update_answer(tx, distributor_id, key, status, body)
    return JSONResponse(body, status_code=status)


async def _repeat(tx: Transaction, distributor_id: UUID, key: str, digest: bytes) -> JSONResponse:
    row = await tx.fetchrow("select request_hash, status, response from idempotency_keys where distributor_id = $1 and key = $2", distributor_id, key)
    if row is None or row["response"] is None:
        raise Conflict("the first request with this Idempotency-Key is still in flight; try again")
    if row["request_hash"] != digest:
        raise KeyUsedForAnotherRequest("this Idempotency-Key came with another request before; use a new key for a new request")
    return JSONResponse(row["response"], status_code=row["status"], headers={"Idempotent-Replayed": "true"})


async def insert_key(tx: Transaction, distributor_id: UUID, key: str, digest: bytes) -> bool:
    """Claim `key`. Returns False where it was used before."""
    claimed = await tx.fetchval(
        "insert into idempotency_keys (distributor_id, key, request_hash) values ($1, $2, $3) on conflict do nothing returning true",
        distributor_id,
        key,
        digest,
    )
    return bool(claimed)


async def update_answer(tx: Transaction, distributor_id: UUID, key: str, status: int, body: dict[str, Any]) -> None:
    """Keep the answer to the request that claimed `key`."""
    await tx.execute(
        "update idempotency_keys set status = $3, response = $4 where distributor_id = $1 and key = $2", distributor_id, key, status, body
    )
