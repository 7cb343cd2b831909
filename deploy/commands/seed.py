"""`comanda seed`: distributors with their customers, catalogs and WhatsApp numbers, through the services' own functions. Safe to repeat."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
from rich.console import Console
from rich.table import Table

from deploy.commands import seed_content
from deploy.commands.seed_content import Content, WhatsAppNumber
from libs import outbox, postgres
from libs.channels import whatsapp
from libs.postgres import Transaction
from services.accounts import registry
from services.catalog_matcher import categories_store
from services.catalog_matcher import store as catalog
from services.catalog_matcher.telling import tell
from services.ingest import integrations_store
from services.ingest import store as ingest

CONTENT = Path(__file__).parents[1] / "demo" / "content"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """What was new, or differed from what was there, of one distributor."""

    distributor_id: UUID
    business_name: str
    settings: bool
    customers: int
    products: int
    whatsapp_number: bool


@dataclass(frozen=True, slots=True)
class SeedReport:
    """What was written, by distributor."""

    distributors: tuple[Seeded, ...]

    @property
    def changed(self) -> bool:
        """Tell whether anything was written at all."""
        return any(each.settings or each.customers or each.products or each.whatsapp_number for each in self.distributors)


async def seed(urls: Mapping[str, str], content: Path = CONTENT) -> SeedReport:
    """Write every distributor of the folder `content` into the databases that `urls` names by service, and enqueue what became of them.

    Each service's part of a distributor is one transaction. Raises what reading and the databases raise.
    """
    contents = await asyncio.to_thread(seed_content.read, content)
    return SeedReport(tuple([await _seed_distributor(urls, each) for each in contents]))


def command(urls: Mapping[str, str], console: Console, content: Path = CONTENT) -> None:
    """Seed, and show on `console` what was written."""
    with console.status("Seeding distributors, customers and catalogs …"):
        report = asyncio.run(seed(urls, content))
    show(report, console)


def show(report: SeedReport, console: Console) -> None:
    """Print what was written, a distributor a row."""
    table = Table("Distributor", "Id", "Customers written", "Products written")
    for each in report.distributors:
        table.add_row(each.business_name, str(each.distributor_id), str(each.customers), str(each.products))
    console.print(table if report.changed else "Everything was there already; nothing was written.")


async def _seed_distributor(urls: Mapping[str, str], content: Content) -> Seeded:
    tenant = content.distributor.id
    async with _transaction(urls["accounts"], tenant) as tx:
        settings = await registry.save_distributors(tx, [content.distributor])
        customers = await registry.save_customers(tx, tenant, content.customers)
    async with _transaction(urls["catalog_matcher"], tenant) as tx:
        await categories_store.upsert_categories(tx, tenant, content.categories)
        products = await catalog.upsert_products(tx, tenant, content.products)
        await tell(tx, tenant, [product.id for product in products])
    async with _transaction(urls["ingest"], tenant) as tx:
        connected = await _connect(tx, tenant, content.whatsapp)
    return Seeded(
        distributor_id=tenant,
        business_name=content.distributor.business_name,
        settings=bool(settings),
        customers=len(customers),
        products=len(products),
        whatsapp_number=connected,
    )


async def _connect(tx: Transaction, tenant: UUID, number: WhatsAppNumber) -> bool:
    """Connect the number, without credentials: the installation's own are used. Returns False where it is connected already."""
    name = f"WhatsApp +{number.display_phone_number}"
    if not await ingest.insert_integration(tx, tenant, number.integration_id, whatsapp.PROVIDER, number.phone_number_id, name):
        return False
    if integration := await integrations_store.select_integration(tx, tenant, number.integration_id):
        await outbox.enqueue(tx, integration.changed(tenant, datetime.now(UTC)))
    return True


@asynccontextmanager
async def _transaction(url: str, tenant: UUID) -> AsyncGenerator[Transaction]:
    """Open a transaction of `tenant` on a connection of its own."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        await postgres.register_types(connection)
        async with connection.transaction():
            await postgres.set_tenants(connection, [tenant])
            yield connection
    finally:
        await connection.close()
