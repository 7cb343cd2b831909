"""Which errors pass by themselves, and how long is waited for them."""

import asyncio
from uuid import UUID, uuid4

import aiohttp
import asyncpg
import pytest
from aiokafka.errors import KafkaConnectionError

from libs.postgres import Pool, tenant_transaction
from libs.refused import Refused
from libs.retry import Stopping, is_permanent_in_database, is_transient, until_it_works

TRANSIENT = [
    ConnectionRefusedError(),
    TimeoutError(),
    KafkaConnectionError(),
    aiohttp.ServerDisconnectedError(),
    asyncpg.CannotConnectNowError("starting up"),
    asyncpg.AdminShutdownError("terminating"),
    asyncpg.ConnectionDoesNotExistError("gone"),
    asyncpg.TooManyConnectionsError("full"),
    asyncpg.DeadlockDetectedError("lost"),
    asyncpg.SerializationError("lost"),
    asyncpg.DiskFullError("full"),
    asyncpg.UndefinedTableError("not migrated yet"),
    asyncpg.InterfaceError("pool is closing"),
]
PERMANENT_IN_DATABASE = [
    asyncpg.ForeignKeyViolationError("nobody"),
    asyncpg.CheckViolationError("negative"),
    asyncpg.NumericValueOutOfRangeError("large"),
    asyncpg.InsufficientPrivilegeError("another tenant"),
]


@pytest.mark.parametrize("error", TRANSIENT, ids=lambda error: type(error).__name__)
def test_what_passes_by_itself_is_transient(error: Exception) -> None:
    assert is_transient(error)
    assert not is_permanent_in_database(error)


@pytest.mark.parametrize("error", PERMANENT_IN_DATABASE, ids=lambda error: type(error).__name__)
def test_what_the_database_says_no_to_is_permanent(error: Exception) -> None:
    assert not is_transient(error)
    assert is_permanent_in_database(error)


@pytest.mark.parametrize("error", [Refused("no"), ValueError(), KeyError(), RuntimeError()], ids=lambda error: type(error).__name__)
def test_what_the_code_says_no_to_is_not_transient(error: Exception) -> None:
    assert not is_transient(error)
    assert not is_permanent_in_database(error)


@pytest.mark.parametrize(
    ("statement", "transient"),
    [
        ("insert into notes (distributor_id, note_id, conversation_id, content) values ($1, uuidv7(), uuidv7(), 'x')", False),
        ("select 1 from not_migrated_yet where id = $1::uuid", True),
        ("insert into inbox (distributor_id, consumer, event_id) select d, 'x', d from unnest(array[$1::uuid, $1::uuid]) d", False),
        ("select repeat('9', 400)::int where $1::uuid is not null", False),
        ("select convert_from('\\xff'::bytea, 'UTF8') where $1::uuid is not null", False),
    ],
)
async def test_what_a_real_database_says_is_told_apart(statement: str, transient: bool, pool: Pool, tenant: UUID) -> None:
    tenants = [tenant] if "inbox" in statement else [uuid4()]
    with pytest.raises(asyncpg.PostgresError) as caught:
        async with tenant_transaction(pool, tenants) as tx:
            await tx.execute(statement, tenant)
    assert is_transient(caught.value) == transient


def test_a_unique_key_that_is_taken_may_be_a_race_that_was_lost() -> None:
    assert not is_transient(asyncpg.UniqueViolationError("twice"))
    assert not is_permanent_in_database(asyncpg.UniqueViolationError("twice"))


async def test_work_is_repeated_until_it_works() -> None:
    left = [ConnectionRefusedError(), asyncpg.CannotConnectNowError("starting up"), KafkaConnectionError()]

    async def work() -> str:
        if left:
            raise left.pop()
        return "done"

    assert await until_it_works(work, asyncio.Event(), doing="a test") == "done"


async def test_an_error_that_does_not_pass_is_raised_at_once() -> None:
    tries = 0

    async def work() -> None:
        nonlocal tries
        tries += 1
        raise Refused("no")

    with pytest.raises(Refused):
        await until_it_works(work, asyncio.Event(), doing="a test")
    assert tries == 1


async def test_a_stop_ends_the_waiting() -> None:
    stopping = asyncio.Event()

    async def work() -> None:
        asyncio.get_running_loop().call_later(0.05, stopping.set)
        raise ConnectionRefusedError

    with pytest.raises(Stopping):
        await asyncio.wait_for(until_it_works(work, stopping, doing="a test"), 5)
