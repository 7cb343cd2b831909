"""The seeded numbers are told of, so that others know by which account to answer."""

from collections.abc import Awaitable, Callable

from deploy.commands import seed_content
from deploy.commands.seed import seed
from libs import postgres
from schemas.contact import Channel
from schemas.integration_changed import IntegrationChanged, IntegrationStatus, Provider
from tests.consuming import said

HARBOR = seed_content.distributor_id("harbor-foods")


async def test_a_seeded_number_is_told_of_once_and_without_credentials(new_database: Callable[[str], Awaitable[str]]) -> None:
    urls = {service: await new_database(service) for service in ("accounts", "catalog_matcher", "ingest")}
    pool = await postgres.create_pool(urls["ingest"], "ingest", 2)

    await seed(urls)
    await seed(urls)

    (event,) = await said(pool, HARBOR, IntegrationChanged)
    await pool.close()
    assert (event.provider, event.channel, event.external_account_id) == (Provider.META, Channel.WHATSAPP, "15550001001")
    assert (event.status, event.sealed_credentials, event.deleted) == (IntegrationStatus.ACTIVE, None, False)
