"""How many integrations do not work is seen from outside."""

from uuid import uuid4

from prometheus_client import REGISTRY

from libs.postgres import Pool
from libs.service import Service
from schemas.contact import Channel
from schemas.integration_changed import Provider
from services.ingest.count_integrations import counting
from tests.consuming import nowhere
from tests.ingest.conftest import connect


async def test_integrations_of_all_tenants_are_counted_by_provider_and_status(pool: Pool) -> None:
    for provider, status in (("Twilio", "ERROR"), ("Twilio", "ERROR"), ("Twilio", "ACTIVE"), ("Postmark", "ERROR")):
        await connect(pool, Provider(provider), Channel.SMS, str(uuid4()), status=status)
    service = Service("ingest", nowhere(), {}, [])
    service._pool = pool  # pyright: ignore[reportPrivateUsage] - what Service.run does first
    job = counting()

    assert await job(service) == 0

    def shown(provider: str, status: str) -> float | None:
        return REGISTRY.get_sample_value("comanda_integrations", {"provider": provider, "status": status})

    assert (shown("Twilio", "ERROR"), shown("Twilio", "ACTIVE"), shown("Postmark", "ERROR"), shown("Meta", "ERROR")) == (2, 1, 1, None)
