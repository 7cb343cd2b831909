"""The demo's distributors are written through the services, and only once."""

import io
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from shutil import copytree

import pytest
from rich.console import Console

from deploy.commands import seed as seeding
from deploy.commands import seed_content
from deploy.commands.seed import CONTENT, seed
from libs import postgres
from libs.channels import whatsapp
from libs.postgres import Pool
from schemas.contact import Channel, contact_id
from schemas.customer_changed import CustomerChanged
from schemas.distributor_changed import DistributorChanged
from schemas.match import MatchingMethod
from schemas.product_changed import ProductChanged
from services.catalog_matcher import catalogs
from services.ingest import store as ingest
from tests.consuming import said

HARBOR = seed_content.distributor_id("harbor-foods")
CELLAR = seed_content.distributor_id("cellar-and-bar")


@dataclass(frozen=True)
class Databases:
    """Fresh databases of the services that are seeded."""

    urls: dict[str, str]
    pools: dict[str, Pool]


@pytest.fixture
async def databases(new_database: Callable[[str], Awaitable[str]]) -> AsyncGenerator[Databases]:
    """One of each service, and a pool on it."""
    urls = {service: await new_database(service) for service in ("accounts", "catalog_matcher", "ingest")}
    pools = {service: await postgres.create_pool(url, service, 2) for service, url in urls.items()}
    yield Databases(urls, pools)
    for pool in pools.values():
        await pool.close()


async def told(databases: Databases) -> int:
    """How many events wait to be published."""
    return sum([len(await said(pool, tenant)) for pool in databases.pools.values() for tenant in (HARBOR, CELLAR)])


async def test_everything_is_written_and_told(databases: Databases) -> None:
    report = await seed(databases.urls)

    assert {each.distributor_id: each.business_name for each in report.distributors} == {CELLAR: "Cellar & Bar Supply", HARBOR: "Harbor Foods"}
    for each in report.distributors:
        assert each.settings
        assert each.whatsapp_number
        assert each.products >= 200
        assert each.customers >= 10
        assert len(await said(databases.pools["accounts"], each.distributor_id, DistributorChanged)) == 1
        assert len(await said(databases.pools["accounts"], each.distributor_id, CustomerChanged)) == each.customers
        assert len(await said(databases.pools["catalog_matcher"], each.distributor_id, ProductChanged)) == each.products


async def test_seeding_again_changes_nothing_and_says_nothing(databases: Databases) -> None:
    await seed(databases.urls)
    before = await told(databases)

    report = await seed(databases.urls)

    assert not report.changed
    assert await told(databases) == before


async def test_a_new_price_in_the_files_is_all_that_is_written_then(databases: Databases, folder: Path) -> None:
    await seed(databases.urls)
    products = copytree(CONTENT, folder / "content") / "harbor-foods" / "products.csv"
    text = products.read_text()
    assert "HF-10010,Whole Milk Gallon,Dairy & Eggs,case,17.90" in text
    products.write_text(text.replace("HF-10010,Whole Milk Gallon,Dairy & Eggs,case,17.90", "HF-10010,Whole Milk Gallon,Dairy & Eggs,case,18.40"))

    report = await seed(databases.urls, folder / "content")

    assert [(each.settings, each.customers, each.products) for each in report.distributors] == [(False, 0, 0), (False, 0, 1)]
    last = (await said(databases.pools["catalog_matcher"], HARBOR, ProductChanged))[-1]
    assert (last.sku, last.unit_price) == ("HF-10010", Decimal("18.40"))


async def test_those_who_write_are_known_by_their_numbers(databases: Databases) -> None:
    await seed(databases.urls)

    customers = await said(databases.pools["accounts"], CELLAR, CustomerChanged)
    contacts = {contact.contact_id: customer.customer_code for customer in customers for contact in customer.contacts}
    assert contacts[contact_id(CELLAR, Channel.WHATSAPP, "+17735550110")] == "VELV001"


async def test_the_distributors_number_leads_to_it(databases: Databases) -> None:
    await seed(databases.urls)

    async with postgres.worker_transaction(databases.pools["ingest"]) as worker:
        routes = await ingest.select_routes(worker, whatsapp.PROVIDER, ["15550001001", "15550001002"])
    assert {account: route.distributor_id for account, route in routes.items()} == {"15550001001": HARBOR, "15550001002": CELLAR}


@pytest.mark.parametrize("tenant", [HARBOR, CELLAR])
async def test_every_name_in_the_catalog_finds_its_product(databases: Databases, tenant: object) -> None:
    await seed(databases.urls)
    [content] = [each for each in seed_content.read(CONTENT) if each.distributor.id == tenant]

    async with postgres.tenant_transaction(databases.pools["catalog_matcher"], [content.distributor.id]) as tx:
        catalog = (await catalogs.current(tx, [content.distributor.id]))[content.distributor.id]

    wrong = [
        (name, product.name)
        for product in content.products
        for name in (product.sku, product.name, *product.aliases, *product.common_misspellings)
        if (found := catalog.match(name)).method is not MatchingMethod.EXACT_MATCH or found.confidence < 1 or found.product.product_id != product.id  # pyright: ignore[reportOptionalMemberAccess]
    ]
    assert wrong == []


async def test_the_command_shows_what_was_written(databases: Databases) -> None:
    report = await seed(databases.urls)
    shown = io.StringIO()

    seeding.show(report, Console(file=shown, width=200))
    seeding.show(await seed(databases.urls), Console(file=shown, width=200))

    assert "Harbor Foods" in shown.getvalue()
    assert "nothing was written" in shown.getvalue()
