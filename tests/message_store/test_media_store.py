"""The queue of files and our copy of integrations: each tenant's own, safe to repeat, and one outcome a file."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from libs import postgres, storage
from libs.postgres import Pool
from libs.storage import FileMissing
from schemas.attachment import Attachment
from schemas.integration_changed import Provider
from schemas.message_text_extracted import MessageTextExtracted
from services.message_store import media_store
from services.message_store.__main__ import CONSUMES
from services.message_store.media import download
from services.message_store.media.domain import Claimed, Failed, Kind, Reading, RetryLater, Stored
from services.message_store.media.enqueue import enqueue_attachments
from services.message_store.media.fetch import Fetcher, fetch
from services.message_store.media.fetch_due import fetch_due
from services.message_store.media.record import forget_leftovers, record
from services.message_store.media.sources import Asking
from services.message_store.settings import MessageStoreSettings
from tests.conftest import NewPool
from tests.consuming import consume, said
from tests.making import NOW, received
from tests.message_store.media import Files, integration, make_due, message_with, rows, service_on, settings, whatsapp

NOT_YET = timedelta(seconds=-1)
"""A lease that has ended when it begins."""


@pytest_asyncio.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A fresh database of message_store."""
    return await new_pool("message_store")


async def claim(pool: Pool, lease: timedelta = NOT_YET) -> Claimed:
    async with postgres.worker_transaction(pool) as worker:
        [claimed] = await media_store.claim_due(worker, 10, lease)
    return claimed


async def note(pool: Pool, claimed: Claimed, outcome: Stored | Failed | RetryLater) -> bool:
    async with postgres.tenant_transaction(pool, [claimed.distributor_id]) as tx:
        return await record(tx, claimed, outcome)


async def fetched(told: MessageStoreSettings, claimed: Claimed) -> Stored:
    async with storage.opened(told) as kept, download.open_session(1, allow_loopback=True) as session:
        return await fetch(Fetcher(Asking(session, told), kept, asyncio.Semaphore()), claimed, None)


def stored(claimed: Claimed, text: str = "3 cs milk") -> Stored:
    key = storage.key_of(claimed.distributor_id, "attachments", str(claimed.id))
    return Stored(storage_key=key, kind=Kind.DOCUMENT, mime_type="text/plain", size_bytes=9, sha256="0" * 64, reading=Reading(text))


async def test_a_process_that_dies_before_it_records_leaves_one_file_and_one_word_of_it(pool: Pool, folder: Path) -> None:
    tenant = uuid4()
    async with Files() as provider:
        provider.files["a.txt"] = b"3 cs milk"
        told = settings(folder, provider.url)
        await message_with(pool, tenant, whatsapp("a.txt", "text/plain"))
        first = await fetched(told, await claim(pool))
        assert await fetch_due(service_on(pool, told)) == 1
    [row] = await rows(pool, tenant)
    assert (row["state"], row["attempt"], row["storage_key"]) == ("STORED", 2, first.storage_key)
    assert len(await asyncio.to_thread(lambda: [path for path in folder.rglob("*") if path.is_file()])) == 1
    assert len(await said(pool, tenant, MessageTextExtracted)) == 1


async def test_of_two_outcomes_of_one_file_the_first_success_counts(pool: Pool) -> None:
    tenant = uuid4()
    await message_with(pool, tenant, whatsapp())
    paused, repeated = await claim(pool), await claim(pool, timedelta(minutes=5))
    for claimed, outcome in (
        (paused, Failed("HTTP_500")),
        (paused, RetryLater(timedelta(), "HTTP_500")),
        (paused, stored(paused, "the first")),
        (repeated, stored(repeated, "the second")),
        (repeated, Failed("HTTP_500")),
    ):
        assert await note(pool, claimed, outcome)
    [row] = await rows(pool, tenant)
    assert (row["state"], row["attempt"], row["error_code"], row["extracted_text"]) == ("STORED", 2, None, "the first")
    assert [event.text for event in await said(pool, tenant, MessageTextExtracted)] == ["the first"]


async def test_a_file_whose_message_is_gone_meanwhile_is_not_kept(pool: Pool, folder: Path) -> None:
    tenant = uuid4()
    async with Files() as provider:
        provider.files["a.txt"] = b"3 cs milk"
        told = settings(folder, provider.url)
        await message_with(pool, tenant, whatsapp("a.txt", "text/plain"))
        claimed = await claim(pool)
        outcome = await fetched(told, claimed)
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await tx.execute("delete from message_attachments")
    wanted = await note(pool, claimed, outcome)
    assert not wanted
    async with storage.opened(told) as kept:
        await forget_leftovers(kept, claimed, outcome, wanted=wanted)
        with pytest.raises(FileMissing):
            await anext(kept.get(outcome.storage_key))
    assert await said(pool, tenant, MessageTextExtracted) == []


async def test_files_are_queued_once_for_every_message_of_a_batch_and_none_for_those_without(pool: Pool) -> None:
    tenant, other = uuid4(), uuid4()
    await message_with(pool, tenant)
    await message_with(pool, tenant, whatsapp("a"), whatsapp("b"))
    await message_with(pool, other, Attachment(url="https://example.com/voice", mime_type="audio/ogg; codecs=opus"))
    assert [(row["place"], row["external_id"], row["kind"], row["state"]) for row in await rows(pool, tenant)] == [
        (0, "a", "DOCUMENT", "PENDING"),
        (1, "b", "DOCUMENT", "PENDING"),
    ]
    assert [(row["place"], row["url"], row["kind"]) for row in await rows(pool, other)] == [(0, "https://example.com/voice", "AUDIO")]


async def test_the_newest_word_on_an_integration_counts_and_a_deleted_one_has_no_credentials(pool: Pool) -> None:
    tenant = uuid4()
    await message_with(pool, tenant, Attachment(url="https://api.twilio.com/ME1"))
    claimed = await claim(pool)

    async def known(provider: Provider, credentials: dict[str, str] | None, minutes: int, *, deleted: bool = False) -> media_store.Integration:
        event = integration(tenant, provider, credentials, occurred_at=NOW + timedelta(minutes=minutes), deleted=deleted)
        for _ in range(2):
            await consume(pool, "message_store", CONSUMES, event)
        async with postgres.tenant_transaction(pool, [tenant]) as tx:
            return (await media_store.select_integrations(tx, [claimed]))[claimed.id]

    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        assert await media_store.select_integrations(tx, [claimed]) == {}
    newest = await known(Provider.TWILIO, {"auth_token": "new"}, 1)
    assert newest.provider is Provider.TWILIO
    assert newest.sealed_credentials is not None
    assert await known(Provider.GATEWAY, {"auth_token": "old"}, 0) == newest
    assert await known(Provider.TWILIO, {"auth_token": "new"}, 2, deleted=True) == media_store.Integration(Provider.TWILIO, None)
    assert await known(Provider.TWILIO, {"auth_token": "new"}, 1) == media_store.Integration(Provider.TWILIO, None)


@pytest.mark.parametrize(
    ("provider", "credentials", "code"),
    [
        (None, None, "INTEGRATION_UNKNOWN"),
        (Provider.TWILIO, None, "NO_CREDENTIALS"),
        (Provider.TWILIO, {"auth_token": "without a sid"}, "NO_CREDENTIALS"),
    ],
)
async def test_what_is_not_known_yet_is_waited_for(
    pool: Pool, folder: Path, provider: Provider | None, credentials: dict[str, str] | None, code: str
) -> None:
    tenant = uuid4()
    if provider:
        await consume(pool, "message_store", CONSUMES, integration(tenant, provider, credentials))
    async with Files() as files:
        files.files["ME1"] = b"3 cs milk"
        await message_with(pool, tenant, Attachment(url=f"{files.url}/files/ME1"))
        await fetch_due(service_on(pool, settings(folder)))
        assert [(row["state"], row["error_code"]) for row in await rows(pool, tenant)] == [("PENDING", code)]
        told = integration(tenant, Provider.TWILIO, {"account_sid": "AC1", "auth_token": "secret"}, occurred_at=NOW + timedelta(minutes=1))
        await consume(pool, "message_store", CONSUMES, told)
        await make_due(pool, tenant)
        await fetch_due(service_on(pool, settings(folder)))
        assert [row["state"] for row in await rows(pool, tenant)] == ["STORED"]


async def test_credentials_of_another_place_and_a_whatsapp_without_a_token_are_waited_for(pool: Pool, folder: Path) -> None:
    tenant = uuid4()
    await message_with(pool, tenant, whatsapp())
    await fetch_due(service_on(pool, settings(folder, whatsapp_access_token=None)))
    assert [row["error_code"] for row in await rows(pool, tenant)] == ["NO_CREDENTIALS"]
    stolen = integration(tenant, Provider.META, {"access_token": "theirs"}).model_copy(update={"sealed_credentials": "AQIDBA=="})
    await consume(pool, "message_store", CONSUMES, stolen)
    await make_due(pool, tenant)
    await fetch_due(service_on(pool, settings(folder)))
    assert [row["error_code"] for row in await rows(pool, tenant)] == ["CREDENTIALS_NOT_READABLE"]


async def test_a_number_s_own_token_goes_before_the_installation_s(pool: Pool, folder: Path) -> None:
    tenant = uuid4()
    await consume(pool, "message_store", CONSUMES, integration(tenant, Provider.META, {"access_token": "its own"}))
    async with Files() as provider:
        await message_with(pool, tenant, whatsapp("media/../1"))
        await fetch_due(service_on(pool, settings(folder, provider.url)))
        assert provider.asked == [("/media/../1", "Bearer its own")]
    assert [row["error_code"] for row in await rows(pool, tenant)] == ["HTTP_401"]


async def test_a_tenant_can_neither_see_nor_touch_the_files_and_integrations_of_another(pool: Pool) -> None:
    owner, stranger = uuid4(), uuid4()
    message = await message_with(pool, owner, whatsapp())
    await consume(pool, "message_store", CONSUMES, integration(owner, Provider.META, {"access_token": "secret"}))
    claimed = await claim(pool)
    pretending = replace(claimed, distributor_id=stranger)

    async with postgres.tenant_transaction(pool, [stranger]) as tx:
        for each in (claimed, pretending):
            assert not await media_store.update_stored(tx, each, stored(claimed))
            assert not await media_store.update_failed(tx, each, Failed("x"))
            await media_store.update_to_retry(tx, each, RetryLater(timedelta(), "x"))
            assert await media_store.select_integrations(tx, [each]) == {}
        for tenant in (owner, stranger):
            await media_store.update_summary(tx, tenant, message.message_id, 0, {"state": "x"})
            assert await media_store.select_file(tx, tenant, claimed.id) is None
        assert await media_store.claim_due(tx, 10, NOT_YET) == []

    assert [(row["state"], row["error_code"]) for row in await rows(pool, owner)] == [("PENDING", None)]
    async with postgres.tenant_transaction(pool, [owner]) as tx:
        [summary] = await tx.fetchval("select attachments from messages")
        assert "state" not in summary
    for forbidden in (_insert_for(owner, message.message_id), media_store.upsert_integration):
        with pytest.raises(Exception, match="row-level security"):
            async with postgres.tenant_transaction(pool, [stranger]) as tx:
                await forbidden(tx, integration(owner, Provider.META))


def _insert_for(tenant: UUID, message_id: UUID):  # noqa: ANN202 - a function of a transaction and an event that it does not look at
    async def insert(tx: postgres.Transaction, _: object) -> None:
        await enqueue_attachments(tx, [(received(tenant, attachments=(whatsapp("b"),)), message_id)])

    return insert
