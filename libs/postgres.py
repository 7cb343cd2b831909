"""Connections, and the tenants that a transaction may see."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from pydantic_core import from_json, to_json

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Transaction: TypeAlias = Connection
"""A connection inside a transaction whose tenants are set."""

STATEMENT_TIMEOUT_MS = "60000"
IDLE_IN_TRANSACTION_TIMEOUT_MS = "60000"


async def create_pool(url: str, name: str, size: int) -> Pool:
    """Open a pool of at most `size` connections that show `name` in pg_stat_activity. Raises OSError or asyncpg errors when it cannot connect."""
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        command_timeout=60,
        timeout=5,
        init=register_types,
        reset=_leave_as_is,
        server_settings={
            "application_name": name,
            "statement_timeout": STATEMENT_TIMEOUT_MS,
            "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_TIMEOUT_MS,
            "jit": "off",
            # Every statement has its index. Without this a plan that was made while a table was tiny, for a foreign key's check above all,
            # goes on reading the whole table until the next ANALYZE.
            "enable_seqscan": "off",
        },
    )


async def register_types(connection: Connection) -> None:
    """Read and write jsonb columns as Python values."""
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=to_json_text, decoder=from_json)


def to_json_text(value: Any) -> str:  # noqa: ANN401 - any JSON value, pydantic's models among them
    """Return JSON as a parameter takes it. Rows of many columns are sent at a third of what arrays cost, with json_to_recordset."""
    return to_json(value).decode()


@asynccontextmanager
async def tenant_transaction(pool: Pool, distributor_ids: Iterable[UUID]) -> AsyncGenerator[Transaction]:
    """Open a transaction that sees the rows of these tenants and of nobody else."""
    async with pool.acquire() as connection, _begun(connection, _name_tenants(distributor_ids)):
        yield connection


async def set_tenants(connection: Connection, distributor_ids: Iterable[UUID]) -> None:
    """Name the tenants that the rest of this transaction may see."""
    await connection.execute(_name_tenants(distributor_ids))


@asynccontextmanager
async def worker_transaction(pool: Pool) -> AsyncGenerator[Connection]:
    """Open a transaction as the role that sees the queues and routes of all tenants, and nothing else."""
    async with pool.acquire() as connection, _begun(connection, "set local role comanda_worker"):
        yield connection


@asynccontextmanager
async def as_worker(connection: Connection) -> AsyncGenerator[None]:
    """Open a worker's transaction on a connection that is in hand already."""
    async with _begun(connection, "set local role comanda_worker"):
        yield


@asynccontextmanager
async def as_tenants(connection: Connection, distributor_ids: Iterable[UUID]) -> AsyncGenerator[None]:
    """Open a transaction of these tenants on a connection that is in hand already."""
    async with _begun(connection, _name_tenants(distributor_ids)):
        yield


@asynccontextmanager
async def _begun(connection: Connection, first: str) -> AsyncGenerator[None]:
    """Begin a transaction with the statement `first` in the same round trip; commit it, or roll it back after an error."""
    try:
        await connection.execute(f"begin; {first}")
        yield
        await connection.execute("commit")
    except asyncio.CancelledError:
        # Nobody waits any more: the server rolls back when it notices, and a server that does not answer must not hold us up.
        connection.terminate()
        raise
    except BaseException:
        await _roll_back(connection)
        raise


async def _roll_back(connection: Connection) -> None:
    try:
        await connection.execute("rollback", timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()


def _name_tenants(distributor_ids: Iterable[UUID]) -> str:
    ids = ",".join(str(distributor_id) for distributor_id in distributor_ids)
    return f"select set_config('comanda.distributor_ids', '{{{ids}}}', true)"


async def _leave_as_is(_connection: Connection) -> None:
    """Nothing to reset: every setting is local to its transaction. Saves a round trip on each release."""
