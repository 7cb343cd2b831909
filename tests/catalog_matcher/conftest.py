"""A catalog in a database, and messages about it."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from libs import postgres
from libs.postgres import Pool
from libs.settings import Settings
from schemas.analysis import Analysis, Intent, Line
from schemas.contact import Channel
from schemas.message_analyzed import MessageAnalyzed
from services.catalog_matcher import store
from services.catalog_matcher.api import router
from services.catalog_matcher.product import NewProduct
from tests.conftest import NewPool
from tests.consuming import arrived
from tests.serving import Api, serving

AddProduct = Callable[..., Awaitable[NewProduct]]


@pytest.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A pool on an empty database of catalog_matcher."""
    return await new_pool("catalog_matcher")


@pytest.fixture
def add_product(pool: Pool) -> AddProduct:
    """Writes a product of a tenant, named by SKU and name; further columns by their names."""

    async def add(distributor_id: UUID, sku: str, name: str, **more: object) -> NewProduct:
        product = NewProduct.model_validate({"id": uuid4(), "sku": sku, "name": name, "unit": "case", "unit_price": "17.90", **more})
        async with postgres.tenant_transaction(pool, [distributor_id]) as tx:
            await store.upsert_products(tx, distributor_id, [product])
        return product

    return add


@pytest.fixture
async def api(pool: Pool, settings: Settings) -> AsyncGenerator[Api]:
    """The API, and a tenant that calls it."""
    async with serving("catalog_matcher", pool, settings, router) as calls:
        yield calls


def analyzed(distributor_id: UUID, *lines: Line | str, intent: Intent = Intent.ORDER) -> MessageAnalyzed:
    """A message with these lines, as it arrives from ai_agent."""
    parsed = tuple(Line(quantity=Decimal(1), product=line) if isinstance(line, str) else line for line in lines)
    now = datetime.now(UTC)
    event = MessageAnalyzed(
        distributor_id=distributor_id,
        occurred_at=now,
        conversation_id=uuid4(),
        message_id=uuid4(),
        thread_position=1,
        channel=Channel.WHATSAPP,
        customer_id=uuid4(),
        contact_id=uuid4(),
        content="as written",
        sent_at=now,
        analysis=Analysis(intent=intent, lines=parsed, confidence=Decimal(1)),
        model="local",
        prompt_version="1",
    )
    return arrived(event)
