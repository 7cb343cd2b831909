"""Files that come with a mail are left in the storage, once, and their messages say where."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from libs import postgres
from libs.postgres import Pool
from schemas.attachment import LEFT_IN_STORAGE
from services.ingest import store
from tests.ingest import providers
from tests.ingest.conftest import Ingest, Request, Tenant, messages, receipts, running
from tests.ingest.providers import MAILGUN, POSTMARK, SENDGRID, Way

ORDER = b"%PDF-1.4 3 cs whole milk"


@pytest_asyncio.fixture
async def ingest(database: str, tmp_path: Path) -> AsyncIterator[Ingest]:
    """A running ingest with a storage of its own."""
    async with running(database, storage_folder=tmp_path / "storage") as found:
        yield found


def with_file(way: Way, tenant: Tenant, external_id: str) -> Request:
    """A mail that brings an order as a PDF."""
    mail = providers.mail(external_id, "see file")
    if way is SENDGRID:
        return providers.sendgrid(tenant, providers.sendgrid_form(mail), {"attachment1": ("order.pdf", "application/pdf", ORDER)})
    if way is POSTMARK:
        file = {"Name": "order.pdf", "Content": base64.b64encode(ORDER).decode(), "ContentType": "application/pdf"}
        return providers.postmark(tenant, providers.postmark_form(mail, Attachments=[file]))
    form = providers.mailgun_form(mail)
    mail.add_attachment(ORDER, maintype="application", subtype="pdf", filename="order.pdf")
    return providers.mailgun(tenant, form | {"body-mime": mail.as_string()})


def kept(folder: Path) -> list[bytes]:
    """Every file in the storage."""
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("way", [SENDGRID, MAILGUN, POSTMARK], ids=lambda way: way.name)
async def test_a_file_is_left_in_the_tenants_part_of_the_storage_and_its_message_says_where(ingest: Ingest, pool: Pool, way: Way) -> None:
    tenant = await way.connect(pool)
    assert (await ingest.call(with_file(way, tenant, "m1"))).status == 200
    [message] = await messages(pool, tenant)
    [attachment] = message.attachments
    assert (attachment.filename, attachment.mime_type) == ("order.pdf", "application/pdf")
    assert attachment.url
    key = attachment.url.removeprefix(LEFT_IN_STORAGE)
    assert key.startswith(f"{tenant.distributor_id}/received/")
    assert (ingest.settings.storage_folder / key).read_bytes() == ORDER


@pytest.mark.parametrize("way", [SENDGRID, MAILGUN, POSTMARK], ids=lambda way: way.name)
async def test_a_mail_that_comes_again_after_its_files_were_taken_leaves_nothing(ingest: Ingest, pool: Pool, way: Way) -> None:
    tenant = await way.connect(pool)
    await ingest.call(with_file(way, tenant, "m1"))
    for path in ingest.settings.storage_folder.rglob("*"):
        if path.is_file():
            path.unlink()
    assert (await ingest.call(with_file(way, tenant, "m1"))).status == 200
    assert kept(ingest.settings.storage_folder) == []
    assert (await ingest.call(with_file(way, tenant, "m2"))).status == 200
    assert kept(ingest.settings.storage_folder) == [ORDER]


async def test_while_files_cannot_be_left_the_provider_is_asked_to_send_the_mail_again(database: str, pool: Pool, tmp_path: Path) -> None:
    folder = tmp_path / "storage"
    folder.write_text("a file where the folder should be")
    tenant = await SENDGRID.connect(pool)
    async with running(database, storage_folder=folder) as ingest:
        refused = await ingest.call(with_file(SENDGRID, tenant, "m1"))
        assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
        assert await receipts(pool, tenant) == []
        folder.unlink()
        assert (await ingest.call(with_file(SENDGRID, tenant, "m1"))).status == 200
    assert kept(folder) == [ORDER]
    assert len(await messages(pool, tenant)) == 1


async def test_what_another_tenant_took_in_is_not_known(ingest: Ingest, pool: Pool) -> None:
    tenant, stranger = await SENDGRID.connect(pool), uuid4()
    await ingest.call(with_file(SENDGRID, tenant, "m1"))
    for whose, found in ((tenant.distributor_id, {"<m1@pizza.example>"}), (stranger, set[str]())):
        async with postgres.tenant_transaction(pool, [whose]) as tx:
            known = await store.select_taken_in(tx, tenant.distributor_id, tenant.integration_id, ["<m1@pizza.example>", "<m2@pizza.example>"])
        assert known == found
