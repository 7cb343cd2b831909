"""Distributors and customers in a database, and the API in front of them."""

from collections.abc import AsyncGenerator

import pytest

from libs import postgres
from libs.postgres import Pool
from libs.settings import Settings
from services.accounts import registry
from services.accounts.api import router
from services.accounts.distributor import NewDistributor
from tests.conftest import NewPool
from tests.serving import Api, serving


@pytest.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A pool on an empty database of accounts."""
    return await new_pool("accounts")


@pytest.fixture
async def api(pool: Pool, settings: Settings) -> AsyncGenerator[Api]:
    """The API, and a distributor that calls it."""
    async with serving("accounts", pool, settings, router) as calls:
        async with postgres.tenant_transaction(pool, [calls.distributor_id]) as tx:
            await registry.save_distributors(tx, [NewDistributor(id=calls.distributor_id, business_name="Harbor Foods", subdomain="harbor")])
        yield calls
