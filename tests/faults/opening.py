"""What comes before the harm: a seeded shop, and customers whom every service has heard of."""

from urllib.parse import urlsplit

from deploy.commands import seed, seed_content
from deploy.demo.command import wait_until_known
from deploy.demo.stand_ins.provider import Provider as WhatsApp
from deploy.local.environment import PROVIDER
from deploy.local.stack import Stack
from libs import postgres
from services.accounts import registry
from tests.faults.customers import Customer, Provider, as_new, invent

SHOP = "harbor-foods"


async def open_shop(stack: Stack) -> Provider:
    """Seed, and return the provider that delivers to the shop."""
    await seed.seed({name: stack.environment(name)["COMANDA_DATABASE_URL"] for name in stack.names})
    content = next(each for each in seed_content.read(seed.CONTENT) if each.distributor.subdomain == SHOP)
    secret = stack.environment("ingest")["COMANDA_WHATSAPP_APP_SECRET"]
    return Provider(stack.url("ingest") + "/webhooks/whatsapp", secret, content.whatsapp.phone_number_id, content.distributor.id)


async def sign_up(stack: Stack, count: int) -> list[Customer]:
    """Let accounts take `count` customers in, and wait until the others have heard of them."""
    tenant, customers = seed_content.distributor_id(SHOP), invent(count)
    urls = {name: stack.environment(name)["COMANDA_DATABASE_URL"] for name in stack.names}
    pool = await postgres.create_pool(urls["accounts"], "faults", 2)
    try:
        async with postgres.tenant_transaction(pool, [tenant]) as tx:
            await registry.save_customers(tx, tenant, as_new(customers))
            seeded = await tx.fetchval("select count(*) from customers")
    finally:
        await pool.close()
    await wait_until_known(urls, {tenant: seeded})
    return customers


def whatsapp(stack: Stack) -> WhatsApp:
    """Return the stand-in that takes what outbound sends, not started."""
    return WhatsApp(stack.environment("outbound")["COMANDA_WHATSAPP_ACCESS_TOKEN"], urlsplit(stack.url(PROVIDER)).port or 0)
