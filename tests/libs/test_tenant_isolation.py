"""For every table of every service: a tenant can neither read, write, change nor delete what is another's."""

from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

import services
from libs.postgres import Connection, set_tenants
from tests.libs import catalogue
from tests.libs.catalogue import Table

NIL = UUID(int=0)
READABLE_BY_ALL = {
    "customer_labels": "the predefined labels are rows of the nil tenant",
    "ai_model_prices": "the prices that hold for all are rows of the nil tenant",
    "prompt_versions": "the prompts that hold for all are rows of the nil tenant",
}
NOT_BY_TENANT = {
    "outbox_pkey": "the relay publishes all tenants in one order",
    "outbound_messages_due": "a worker takes what is due, whosever it is",
    "external_integrations_route": "an account of a provider belongs to one tenant: it is how a webhook finds its tenant",
    "pii_scans_due": "a worker scans what is due, whosever it is",
    "external_integrations_by_id": "a provider's call names the integration alone",
    "product_imports_due": "a worker takes what is due, whosever it is",
    "message_attachments_due": "a worker fetches what is due, whosever it is",
    "ai_budget_reservations_expired": "a worker books what nobody came back from, whosever it is",
    "distributors_domain_key": "a domain belongs to one tenant",
    "distributors_subdomain_key": "a subdomain belongs to one tenant",
    "distributors_id_key": "the id is the tenant",
    "customer_label_assignments_referenced": "a predefined label is a row of the nil tenant",
}
"""Indexes that do not begin with the tenant, and why."""
WITHOUT_CREATION_TIME = {
    "outbox_sequences": "a counter",
    "inbox": "received_at says the same",
    "catalog_versions": "a counter",
    "catalog_changes": "its version says when",
}
"""Tables without created_at, and why."""

WITH_THE_OWNERS_RIGHTS = {
    "add_webhook_attempts_partitions": "so that the service needs no right to create tables",
    "search_messages": "so that the index of texts serves; it names the tenants itself",
    "drop_webhook_attempts_partitions": "so that it needs no right to drop them",
}
"""Functions that run as the owner of the tables, and why."""

ours, theirs = uuid4(), uuid4()

NewDatabase = Callable[[str], Awaitable[str]]


@pytest_asyncio.fixture(params=services.NAMES)
async def service(request: pytest.FixtureRequest) -> str:
    """Each service in turn."""
    return request.param


@pytest_asyncio.fixture
async def url(service: str, new_database: NewDatabase) -> str:
    """A fresh database of the service, as its own role."""
    return await new_database(service)


@pytest_asyncio.fixture
async def admin(migrated: str, url: str) -> AsyncIterator[Connection]:
    """The superuser in that database."""
    connection = await asyncpg.connect(migrated, database=urlsplit(url).path[1:])
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def app(url: str) -> AsyncIterator[Connection]:
    """The service in that database."""
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()


async def _outcome(app: Connection, tenant: UUID | None, statement: str) -> str:
    """What PostgreSQL answers to `statement` in a transaction of `tenant`, which is rolled back."""
    transaction = app.transaction()
    await transaction.start()
    try:
        if tenant:
            await set_tenants(app, [tenant])
        return await app.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return "refused"
    except asyncpg.UniqueViolationError:
        return "there already"
    finally:
        await transaction.rollback()


async def _tenants_seen(app: Connection, tenant: UUID | None, table: Table) -> set[UUID]:
    async with app.transaction():
        if tenant:
            await set_tenants(app, [tenant])
        return {row["distributor_id"] for row in await app.fetch(f"select distinct distributor_id from {table.name}")}


async def test_every_table_belongs_to_tenants_and_is_isolated(admin: Connection) -> None:
    found = await catalogue.tables(admin)
    assert len(found) >= len(("outbox", "outbox_sequences", "inbox", "idempotency_keys"))
    assert [table.name for table in found if "distributor_id" not in table.columns] == []
    assert [table.name for table in found if not table.is_isolated and not table.is_partition] == []


async def test_a_tenant_reaches_no_row_of_another(admin: Connection, app: Connection) -> None:
    await catalogue.lift_rules(admin)
    for table in await catalogue.tables(admin):
        if table.is_partition:
            continue
        for tenant in (ours, theirs):
            await admin.execute(table.insert(tenant))
        shared = {NIL} if table.name in READABLE_BY_ALL else set[UUID]()
        name = table.name
        assert await _tenants_seen(app, ours, table) - shared == {ours}, f"{name}: the test's own row is not there, or others are"
        assert await _tenants_seen(app, None, table) - shared == set(), f"{name}: rows are seen where no tenant is set"
        for tenant in (None, ours):
            for change in (f"update {name} set distributor_id = distributor_id", f"delete from {name}"):
                answer = await _outcome(app, tenant, f"{change} where distributor_id = '{theirs}'")
                assert answer in ("UPDATE 0", "DELETE 0", "refused"), f"{change} as {tenant}: {answer}"
            assert await _outcome(app, tenant, table.insert(theirs)) == "refused", f"{name}: a row of another tenant was inserted"
        assert await _outcome(app, ours, f"update {name} set distributor_id = '{theirs}'") == "refused", f"{name}: a row was given to another tenant"
        assert await _outcome(app, None, table.insert(ours)) == "refused", f"{name}: a row was inserted where no tenant is set"
        if await app.fetchval("select has_table_privilege($1, 'insert')", name):
            assert await _outcome(app, theirs, table.insert(theirs)) in ("INSERT 0 1", "there already"), f"{name}: the refusals above prove nothing"


async def test_what_everybody_may_read_nobody_may_change(admin: Connection, app: Connection) -> None:
    await catalogue.lift_rules(admin)
    for table in await catalogue.tables(admin):
        if table.name not in READABLE_BY_ALL:
            continue
        await admin.execute(table.insert(NIL))
        assert NIL in await _tenants_seen(app, ours, table)
        assert await _outcome(app, ours, f"update {table.name} set distributor_id = distributor_id where distributor_id = '{NIL}'") in (
            "UPDATE 0",
            "refused",
        )
        assert await _outcome(app, ours, f"delete from {table.name} where distributor_id = '{NIL}'") in ("DELETE 0", "refused")
        assert await _outcome(app, ours, table.insert(NIL)) == "refused"


async def test_a_partition_cannot_be_reached_around_its_table(admin: Connection, service: str) -> None:
    for table in await catalogue.tables(admin):
        if table.is_partition and not table.is_isolated:
            assert not await admin.fetchval("select has_table_privilege($1, $2, 'select, insert, update, delete')", service, table.name), table.name


async def test_the_service_connects_as_a_role_that_owns_nothing_and_bypasses_nothing(admin: Connection, app: Connection, service: str) -> None:
    role = await admin.fetchrow(
        "select oid, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication from pg_roles where rolname = $1", service
    )
    assert role is not None
    assert [name for name, value in role.items() if value is True] == []
    assert await app.fetchval("select current_user") == service
    for member_of in await admin.fetch("select rolname from pg_roles where pg_has_role($1, oid, 'member')", service):
        assert not await admin.fetchval(
            "select rolsuper or rolbypassrls or rolname = 'comanda_owner' from pg_roles where rolname = $1", member_of["rolname"]
        )
    owned = "select count(*) from pg_shdepend where refobjid = $1 and deptype = 'o'"
    assert await admin.fetchval(owned, role["oid"]) == 0
    assert not await admin.fetchval("select has_database_privilege($1, current_database(), 'create')", service)
    assert not await admin.fetchval("select has_schema_privilege($1, 'public', 'create')", service)


async def test_a_service_may_not_enter_the_database_of_another(migrated: str, service: str) -> None:
    admin = await asyncpg.connect(migrated)
    entered = [other for other in services.NAMES if await admin.fetchval("select has_database_privilege($1, $2, 'connect')", service, other)]
    await admin.close()
    assert entered == [service]


async def test_no_view_or_function_lends_the_rights_of_its_owner(admin: Connection) -> None:
    views = await admin.fetch(
        """
        select relname from pg_class
         where relnamespace = 'public'::regnamespace and relkind in ('v', 'm') and not coalesce(reloptions @> '{security_invoker=true}', false)
        """
    )
    assert [row["relname"] for row in views] == []
    definers = await admin.fetch("select proname, proconfig from pg_proc where pronamespace = 'public'::regnamespace and prosecdef")
    assert {row["proname"] for row in definers} <= set(WITH_THE_OWNERS_RIGHTS)
    assert [row["proname"] for row in definers if not any(each.startswith("search_path=") for each in row["proconfig"] or ())] == []


async def test_the_workers_role_reaches_only_the_tables_that_were_opened_to_it(admin: Connection) -> None:
    reached = await admin.fetch(
        """
        select relname from pg_class c
         where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
           and (has_any_column_privilege('comanda_worker', c.oid, 'select, insert, update, references')
                or has_table_privilege('comanda_worker', c.oid, 'delete, truncate'))
           and not exists (select from pg_policy where polrelid = c.oid and polroles = array['comanda_worker'::regrole::oid])
        """
    )
    assert [row["relname"] for row in reached] == []


async def test_every_index_begins_with_the_tenant(admin: Connection) -> None:
    partitions = {table.name for table in await catalogue.tables(admin) if table.is_partition}
    found = await catalogue.indexes(admin)
    assert {name for name, (table, first) in found.items() if first != "distributor_id" and table not in partitions} - set(NOT_BY_TENANT) == set()


async def test_every_foreign_key_is_indexed(admin: Connection) -> None:
    assert [row["name"] for row in await catalogue.foreign_keys_without_index(admin)] == []


async def test_every_table_knows_when_a_row_was_made(admin: Connection) -> None:
    assert {table.name for table in await catalogue.tables(admin) if "created_at" not in table.columns} - set(WITHOUT_CREATION_TIME) == set()


async def test_every_named_exception_is_still_needed(migrated: str) -> None:
    names: set[str] = set()
    for service in services.NAMES:
        admin = await asyncpg.connect(migrated, database=service)
        names |= {table.name for table in await catalogue.tables(admin)} | set(await catalogue.indexes(admin))
        await admin.close()
    assert (set(READABLE_BY_ALL) | set(NOT_BY_TENANT) | set(WITHOUT_CREATION_TIME)) - names == set()
