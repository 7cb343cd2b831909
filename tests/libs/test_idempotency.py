"""A POST that is sent again gets the answer that it got before, and does nothing more."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.responses import JSONResponse

from libs import idempotency
from libs.idempotency import KeyUsedForAnotherRequest
from libs.postgres import Pool, Transaction, tenant_transaction
from libs.refused import Refused
from libs.settings import Settings
from tests.libs import note_service
from tests.serving import serving

Act = Callable[[Transaction], Awaitable[tuple[int, dict[str, Any]]]]


def _take_note(tenant: UUID) -> Act:
    """What a POST asks for: a note is taken, and its place is the answer."""

    async def act(tx: Transaction) -> tuple[int, dict[str, Any]]:
        place = await tx.fetchval(
            "insert into notes (distributor_id, note_id, conversation_id, content) values ($1, uuidv7(), uuidv7(), 'x') returning place", tenant
        )
        return 201, {"place": place}

    return act


def _said(answer: JSONResponse) -> tuple[int, Any]:
    return answer.status_code, json.loads(bytes(answer.body))


async def _notes(pool: Pool, tenant: UUID) -> int:
    async with tenant_transaction(pool, [tenant]) as tx:
        return await tx.fetchval("select count(*) from notes")


async def test_the_same_key_gets_the_same_answer_and_nothing_is_done_twice(pool: Pool, tenant: UUID) -> None:
    first = await idempotency.once(pool, tenant, "k", b"body", _take_note(tenant))
    second = await idempotency.once(pool, tenant, "k", b"body", _take_note(tenant))
    assert _said(first) == _said(second)
    assert first.status_code == 201
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert await _notes(pool, tenant) == 1


async def test_requests_at_the_same_time_do_their_work_once(pool: Pool, tenant: UUID) -> None:
    answers = await asyncio.gather(*(idempotency.once(pool, tenant, "k", b"body", _take_note(tenant)) for _ in range(8)))
    assert len({str(_said(answer)) for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    assert await _notes(pool, tenant) == 1


async def test_another_request_with_the_same_key_is_refused(pool: Pool, tenant: UUID) -> None:
    await idempotency.once(pool, tenant, "k", b"body", _take_note(tenant))
    with pytest.raises(KeyUsedForAnotherRequest) as caught:
        await idempotency.once(pool, tenant, "k", b"another body", _take_note(tenant))
    assert caught.value.status == 422
    assert await _notes(pool, tenant) == 1


async def test_another_key_and_another_tenant_are_other_requests(pool: Pool, tenant: UUID) -> None:
    other = uuid4()
    await idempotency.once(pool, tenant, "k", b"body", _take_note(tenant))
    await idempotency.once(pool, tenant, "l", b"body", _take_note(tenant))
    answer = await idempotency.once(pool, other, "k", b"another body", _take_note(other))
    assert "Idempotent-Replayed" not in answer.headers
    assert (await _notes(pool, tenant), await _notes(pool, other)) == (2, 1)


async def test_work_that_failed_may_be_asked_for_again(pool: Pool, tenant: UUID) -> None:
    async def fail(tx: Transaction) -> tuple[int, dict[str, Any]]:
        await _take_note(tenant)(tx)
        raise Refused("not now")

    with pytest.raises(Refused, match="not now"):
        await idempotency.once(pool, tenant, "k", b"body", fail)
    assert await _notes(pool, tenant) == 0
    assert (await idempotency.once(pool, tenant, "k", b"a mended body", _take_note(tenant))).status_code == 201


async def test_a_request_is_the_same_by_its_address_and_its_body(pool: Pool, settings: Settings) -> None:
    async with serving("notes", pool, settings, note_service.router) as api:
        once, again = [await api.call("POST", "/v1/notes", key="k", json={"content": "x"}) for _ in range(2)]
        assert (once.status, once.body) == (again.status, again.body) == (201, {"kept": True})
        assert again.headers["idempotent-replayed"] == "true"
        assert (await api.call("POST", "/v1/notes", key="k", json={"content": "y"})).status == 422
        assert (await api.call("POST", "/v1/notes?more=1", key="k", json={"content": "x"})).status == 422
        assert (await api.call("POST", "/v1/notes", key="", json={"content": "x"})).status == 400
        assert (await api.call("POST", "/v1/notes", key="k", json={"content": "x"}, tenant=uuid4())).status == 201
        assert await _notes(pool, api.distributor_id) == 1
