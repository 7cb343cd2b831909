"""Each statement sees and changes what is its tenant's, and nothing of another's."""

from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from libs import postgres
from libs.channels.whatsapp import PROVIDER
from libs.postgres import Pool
from schemas.contact import Channel
from schemas.distributor_changed import DistributorStatus
from services.ingest import store
from services.ingest.store import Receipt, Route, SealedConnection
from tests import making
from tests.conftest import NewPool

TENANT, OTHER = uuid4(), uuid4()
INTEGRATION = uuid4()
NUMBER, ADDRESS = "1055001", "+15550100001"


@pytest_asyncio.fixture
async def pool(new_pool: NewPool) -> Pool:
    """A fresh database of ingest, with one integration."""
    opened = await new_pool("ingest")
    async with postgres.tenant_transaction(opened, [TENANT]) as tx:
        assert await store.insert_integration(tx, TENANT, INTEGRATION, PROVIDER, NUMBER, "Orders")
    return opened


def receipt(external_id: str = "wamid.1", raw_hash: bytes = b"1", outcome: str = "ACCEPTED") -> Receipt:
    """What came in for the tenant."""
    return Receipt(distributor_id=TENANT, integration_id=INTEGRATION, external_id=external_id, raw_hash=raw_hash, raw=b"sealed", outcome=outcome)


async def test_the_worker_finds_whose_an_account_is(pool: Pool) -> None:
    async with postgres.worker_transaction(pool) as worker:
        assert await store.select_routes(worker, PROVIDER, [NUMBER, "404"]) == {NUMBER: Route(TENANT, INTEGRATION, PROVIDER)}
        assert await store.select_routes(worker, "Twilio", [NUMBER]) == {}


@pytest.mark.parametrize(("status", "routed"), [("ACTIVE", True), ("ERROR", True), ("INACTIVE", False), ("PENDING_AUTH", False)])
async def test_only_an_integration_in_use_has_a_route(status: str, routed: bool, pool: Pool) -> None:
    async with postgres.tenant_transaction(pool, [TENANT]) as tx:
        await tx.execute("update external_integrations set status = $1", status)
    async with postgres.worker_transaction(pool) as worker:
        assert bool(await store.select_routes(worker, PROVIDER, [NUMBER])) is routed


async def test_the_worker_finds_an_integration_by_its_id_with_its_secrets_sealed(pool: Pool) -> None:
    async with postgres.tenant_transaction(pool, [TENANT]) as tx:
        await tx.execute("update external_integrations set credentials = 'sealed', webhook_secret = 'too'")
    found = SealedConnection(Route(TENANT, INTEGRATION, PROVIDER), NUMBER, b"sealed", b"too")
    async with postgres.worker_transaction(pool) as worker:
        assert await store.select_connection(worker, INTEGRATION) == found
        assert await store.select_connection(worker, uuid4()) is None
    async with postgres.tenant_transaction(pool, [OTHER]) as tx:
        assert await store.select_connection(tx, INTEGRATION) is None


@pytest.mark.parametrize(("status", "found"), [("ACTIVE", True), ("ERROR", True), ("INACTIVE", False), ("PENDING_AUTH", False)])
async def test_only_an_integration_in_use_is_found(status: str, found: bool, pool: Pool) -> None:
    async with postgres.tenant_transaction(pool, [TENANT]) as tx:
        await tx.execute("update external_integrations set status = $1", status)
    async with postgres.worker_transaction(pool) as worker:
        assert (await store.select_connection(worker, INTEGRATION) is not None) is found


async def test_a_token_is_fresh_once(pool: Pool) -> None:
    async with postgres.tenant_transaction(pool, [TENANT]) as tx:
        assert await store.insert_webhook_tokens(tx, [(TENANT, INTEGRATION, "a"), (TENANT, INTEGRATION, "a")]) == {(INTEGRATION, "a")}
        assert await store.insert_webhook_tokens(tx, [(TENANT, INTEGRATION, "a"), (TENANT, INTEGRATION, "b")]) == {(INTEGRATION, "b")}


async def test_tokens_cannot_be_written_for_another_tenant(pool: Pool) -> None:
    for tenant, error in ((TENANT, asyncpg.InsufficientPrivilegeError), (OTHER, asyncpg.ForeignKeyViolationError)):
        with pytest.raises(error):
            async with postgres.tenant_transaction(pool, [OTHER]) as tx:
                await store.insert_webhook_tokens(tx, [(tenant, INTEGRATION, "a")])


async def test_a_tenant_sees_no_routes_of_another(pool: Pool) -> None:
    async with postgres.tenant_transaction(pool, [OTHER]) as tx:
        assert await store.select_routes(tx, PROVIDER, [NUMBER]) == {}


async def test_an_account_is_connected_once_to_one_tenant(pool: Pool) -> None:
    for tenant in (TENANT, OTHER):
        async with postgres.tenant_transaction(pool, [tenant]) as tx:
            assert not await store.insert_integration(tx, tenant, uuid4(), PROVIDER, NUMBER, "Taken over")
    async with postgres.worker_transaction(pool) as worker:
        assert await store.select_routes(worker, PROVIDER, [NUMBER]) == {NUMBER: Route(TENANT, INTEGRATION, PROVIDER)}


async def test_an_integration_cannot_be_added_to_another_tenant(pool: Pool) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with postgres.tenant_transaction(pool, [OTHER]) as tx:
            await store.insert_integration(tx, TENANT, uuid4(), PROVIDER, "1055002", "Foreign")


async def test_receipts_say_what_is_new_and_accepted(pool: Pool) -> None:
    first, ignored = receipt(), receipt("wamid.2", outcome="IGNORED")
    async with postgres.tenant_transaction(pool, [TENANT]) as tx:
        assert await store.insert_receipts(tx, [first, ignored, first]) == {(INTEGRATION, "wamid.1", b"1")}
        assert await store.insert_receipts(tx, [first, ignored]) == set()
        assert await store.insert_receipts(tx, [receipt(raw_hash=b"2")]) == {(INTEGRATION, "wamid.1", b"2")}


async def test_receipts_cannot_be_written_for_another_tenant(pool: Pool) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with postgres.tenant_transaction(pool, [OTHER]) as tx:
            await store.insert_receipts(tx, [receipt()])


async def test_receipts_cannot_name_the_integration_of_another_tenant(pool: Pool) -> None:
    foreign = Receipt(distributor_id=OTHER, integration_id=INTEGRATION, external_id="wamid.1", raw_hash=b"1", raw=b"sealed")
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        async with postgres.tenant_transaction(pool, [OTHER]) as tx:
            await store.insert_receipts(tx, [foreign])


async def test_a_distributor_cannot_be_changed_by_another(pool: Pool) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with postgres.tenant_transaction(pool, [OTHER]) as tx:
            await store.upsert_distributor(tx, making.distributor(TENANT, status=DistributorStatus.INACTIVE))


async def test_a_customer_cannot_be_changed_by_another_tenant(pool: Pool) -> None:
    event = making.customer(TENANT, uuid4(), ADDRESS)
    for change in (store.upsert_customer, store.upsert_contacts):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with postgres.tenant_transaction(pool, [OTHER]) as tx:
                await change(tx, event)


async def test_contacts_are_neither_seen_nor_deleted_by_another_tenant(pool: Pool) -> None:
    customer_id = uuid4()
    async with postgres.tenant_transaction(pool, [TENANT]) as tx:
        await store.upsert_contacts(tx, making.customer(TENANT, customer_id, ADDRESS))
    async with postgres.tenant_transaction(pool, [OTHER]) as tx:
        await store.delete_contacts(tx, making.customer(TENANT, customer_id))
        assert await store.select_customers(tx, [TENANT], [Channel.WHATSAPP], [ADDRESS]) == {}
    async with postgres.tenant_transaction(pool, [TENANT]) as tx:
        assert await store.select_customers(tx, [TENANT], [Channel.WHATSAPP], [ADDRESS]) == {(TENANT, Channel.WHATSAPP, ADDRESS): customer_id}
        assert await store.select_customers(tx, [TENANT], [Channel.SMS], [ADDRESS]) == {}
