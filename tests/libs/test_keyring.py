"""A tenant's values open with the tenant's key, in their place; a key is made once, retired, wrapped anew and destroyed."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as with_settings
from hypothesis import strategies as st
from pydantic import SecretStr

from libs import crypto, keyring
from libs.crypto import NotDecryptable
from libs.postgres import Pool, Transaction, tenant_transaction, worker_transaction

MASTER = SecretStr(b64encode(b"m" * 32).decode())
NEXT_MASTER = SecretStr(b64encode(b"n" * 32).decode())
BOTH = SecretStr(f"{NEXT_MASTER.get_secret_value()},{MASTER.get_secret_value()}")
PLACE = "external_integrations/credentials/1"


async def seal(pool: Pool, tenant: UUID, plain: bytes = b"secret", master_key: SecretStr = MASTER) -> bytes:
    """Seal in a transaction of its own."""
    async with tenant_transaction(pool, [tenant]) as tx:
        return await keyring.seal(tx, master_key, tenant, plain, PLACE)


async def unseal(pool: Pool, tenant: UUID, sealed: bytes, place: str = PLACE, master_key: SecretStr = MASTER) -> bytes:
    """Open in a transaction of its own."""
    async with tenant_transaction(pool, [tenant]) as tx:
        return await keyring.unseal(tx, master_key, tenant, sealed, place)


async def keys(pool: Pool, tenant: UUID) -> list[dict[str, Any]]:
    """The tenant's keys, oldest first."""
    async with tenant_transaction(pool, [tenant]) as tx:
        return [dict(row) for row in await tx.fetch("select * from encryption_keys order by version")]


async def destroy(tx: Transaction) -> None:
    """Destroy every key that the transaction sees."""
    await tx.execute("update encryption_keys set status = 'DESTROYED', wrapped_key = null, destroyed_at = now()")


@asynccontextmanager
async def both_tenants(pool: Pool, tenant: UUID, other: UUID) -> AsyncGenerator[Transaction]:
    """A worker's transaction, which sees the rows of two tenants."""
    async with tenant_transaction(pool, [tenant, other]) as tx:
        yield tx


async def test_what_is_sealed_opens_again_and_its_key_is_kept_wrapped(pool: Pool, tenant: UUID) -> None:
    sealed = await seal(pool, tenant)
    assert b"secret" not in sealed
    assert await unseal(pool, tenant, sealed) == b"secret"
    (key,) = await keys(pool, tenant)
    assert (key["version"], key["status"], key["algorithm"], key["kek_ref"]) == (1, "ACTIVE", "AES-256-GCM", crypto.fingerprint(MASTER))
    assert (key["subject_type"], key["subject_id"], key["purpose"]) == ("DISTRIBUTOR", tenant, "DATA")


async def test_the_same_value_never_looks_the_same_and_shares_its_key(pool: Pool, tenant: UUID) -> None:
    assert await seal(pool, tenant) != await seal(pool, tenant)
    assert len(await keys(pool, tenant)) == 1


@pytest.mark.parametrize("place", ["external_integrations/credentials/2", "external_integrations/webhook_secret/1", "", PLACE + " "])
async def test_a_value_that_was_moved_does_not_open(place: str, pool: Pool, tenant: UUID) -> None:
    sealed = await seal(pool, tenant)
    with pytest.raises(NotDecryptable):
        await unseal(pool, tenant, sealed, place)


async def test_another_tenants_value_does_not_open_though_both_have_keys(pool: Pool, tenant: UUID) -> None:
    other = uuid4()
    sealed = await seal(pool, tenant)
    with pytest.raises(NotDecryptable):
        await unseal(pool, other, sealed)
    await seal(pool, other)
    with pytest.raises(NotDecryptable):
        await unseal(pool, other, sealed)
    async with both_tenants(pool, tenant, other) as tx:
        with pytest.raises(NotDecryptable):
            await keyring.unseal(tx, MASTER, other, sealed, PLACE)
        assert await keyring.unseal(tx, MASTER, tenant, sealed, PLACE) == b"secret"


async def test_a_wrapped_key_that_was_copied_to_another_tenant_unwraps_for_nobody(pool: Pool, tenant: UUID) -> None:
    other = uuid4()
    sealed = await seal(pool, tenant)
    (key,) = await keys(pool, tenant)
    async with tenant_transaction(pool, [other]) as tx:
        await keyring.insert_key(tx, other, key["id"], key["wrapped_key"], key["kek_ref"])
    with pytest.raises(NotDecryptable):
        await unseal(pool, other, sealed)


async def test_a_transaction_of_another_tenant_can_neither_make_nor_use_a_key(pool: Pool, tenant: UUID) -> None:
    sealed = await seal(pool, tenant)
    async with tenant_transaction(pool, [uuid4()]) as tx:
        assert await keyring.select_active_key(tx, tenant) is None
        assert await keyring.select_key(tx, tenant, 1) is None
        assert not await keyring.retire_key(tx, tenant)
        assert await keyring.lock_keys_wrapped_otherwise(tx, tenant, "another", 10) == []
        await keyring.update_wrapping(tx, tenant, (await keys(pool, tenant))[0]["id"], b"garbage", "another")
        with pytest.raises(NotDecryptable):
            await keyring.unseal(tx, MASTER, tenant, sealed, PLACE)
    assert await unseal(pool, tenant, sealed) == b"secret"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with tenant_transaction(pool, [uuid4()]) as tx:
            await keyring.seal(tx, MASTER, tenant, b"secret", PLACE)


async def test_the_first_key_is_made_once_by_whoever_comes_first(pool: Pool, tenant: UUID) -> None:
    everybody_is_here = asyncio.Barrier(8)

    async def seal_with_others(number: int) -> bytes:
        async with tenant_transaction(pool, [tenant]) as tx:
            await everybody_is_here.wait()
            return await keyring.seal(tx, MASTER, tenant, str(number).encode(), PLACE)

    sealed = await asyncio.gather(*(seal_with_others(number) for number in range(8)))

    assert [key["version"] for key in await keys(pool, tenant)] == [1]
    assert [await unseal(pool, tenant, each) for each in sealed] == [str(number).encode() for number in range(8)]


async def test_a_first_key_that_was_rolled_back_leaves_the_next_one_to_others(pool: Pool, tenant: UUID) -> None:
    async def seal_and_fail() -> None:
        async with tenant_transaction(pool, [tenant]) as tx:
            await keyring.seal(tx, MASTER, tenant, b"secret", PLACE)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await seal_and_fail()
    assert await keys(pool, tenant) == []
    assert await unseal(pool, tenant, await seal(pool, tenant)) == b"secret"


async def test_a_retired_key_still_opens_and_seals_nothing_more(pool: Pool, tenant: UUID) -> None:
    before = await seal(pool, tenant, b"before")
    async with tenant_transaction(pool, [tenant]) as tx:
        assert await keyring.rotate(tx, MASTER, tenant) == 2
    after = await seal(pool, tenant, b"after")

    assert [key["status"] for key in await keys(pool, tenant)] == ["RETIRED", "ACTIVE"]
    assert (await unseal(pool, tenant, before), await unseal(pool, tenant, after)) == (b"before", b"after")
    assert (int.from_bytes(before[1:5]), int.from_bytes(after[1:5])) == (1, 2)


async def test_a_tenant_without_a_key_has_nothing_to_rotate(pool: Pool, tenant: UUID) -> None:
    await seal(pool, uuid4())
    async with tenant_transaction(pool, [tenant]) as tx:
        assert await keyring.rotate(tx, MASTER, tenant) is None
    assert await keys(pool, tenant) == []


async def test_rotations_at_the_same_time_leave_one_active_key(pool: Pool, tenant: UUID) -> None:
    await seal(pool, tenant)

    async def rotate() -> None:
        async with tenant_transaction(pool, [tenant]) as tx:
            await keyring.rotate(tx, MASTER, tenant)

    await asyncio.gather(*(rotate() for _ in range(5)))
    found = await keys(pool, tenant)
    assert [key["status"] for key in found].count("ACTIVE") == 1
    assert [key["version"] for key in found] == list(range(1, len(found) + 1))


async def test_a_destroyed_key_opens_nothing_even_where_it_was_just_used(pool: Pool, tenant: UUID) -> None:
    retired = await seal(pool, tenant)
    async with tenant_transaction(pool, [tenant]) as tx:
        await keyring.rotate(tx, MASTER, tenant)
    active = await seal(pool, tenant)
    assert (await unseal(pool, tenant, retired), await unseal(pool, tenant, active)) == (b"secret", b"secret")

    async with tenant_transaction(pool, [tenant]) as tx:
        await destroy(tx)

    for sealed in (retired, active):
        with pytest.raises(NotDecryptable):
            await unseal(pool, tenant, sealed)
    assert [(key["status"], key["wrapped_key"]) for key in await keys(pool, tenant)] == [("DESTROYED", None)] * 2
    assert int.from_bytes((await seal(pool, tenant))[1:5]) == 3


async def test_a_key_cannot_be_called_destroyed_while_it_is_still_there(pool: Pool, tenant: UUID) -> None:
    await seal(pool, tenant)
    with pytest.raises(asyncpg.CheckViolationError):
        async with tenant_transaction(pool, [tenant]) as tx:
            await tx.execute("update encryption_keys set status = 'DESTROYED', destroyed_at = now()")


async def test_keys_wrapped_anew_need_the_old_master_key_no_more(pool: Pool, tenant: UUID) -> None:
    other = uuid4()
    before, theirs = await seal(pool, tenant, b"before"), await seal(pool, other)
    async with tenant_transaction(pool, [tenant]) as tx:
        await keyring.rotate(tx, MASTER, tenant)
    after = await seal(pool, tenant, b"after")

    assert await unseal(pool, tenant, before, master_key=BOTH) == b"before"
    async with tenant_transaction(pool, [tenant]) as tx:
        assert await keyring.rewrap(tx, BOTH, tenant) == 2
        assert await keyring.rewrap(tx, BOTH, tenant) == 0

    assert {key["kek_ref"] for key in await keys(pool, tenant)} == {crypto.fingerprint(NEXT_MASTER)}
    assert [await unseal(pool, tenant, each, master_key=NEXT_MASTER) for each in (before, after)] == [b"before", b"after"]
    with pytest.raises(NotDecryptable):
        await unseal(pool, tenant, before)
    assert await unseal(pool, other, theirs) == b"secret"


async def test_a_destroyed_key_is_left_out_when_keys_are_wrapped_anew(pool: Pool, tenant: UUID) -> None:
    await seal(pool, tenant)
    async with tenant_transaction(pool, [tenant]) as tx:
        await destroy(tx)
        assert await keyring.rewrap(tx, BOTH, tenant) == 0


async def test_without_the_old_master_key_nothing_is_wrapped_anew(pool: Pool, tenant: UUID) -> None:
    sealed = await seal(pool, tenant)
    with pytest.raises(NotDecryptable):
        async with tenant_transaction(pool, [tenant]) as tx:
            await keyring.rewrap(tx, NEXT_MASTER, tenant)
    assert await unseal(pool, tenant, sealed) == b"secret"


async def test_workers_learn_whose_keys_wait_and_no_more(pool: Pool, tenant: UUID) -> None:
    await seal(pool, tenant)
    async with worker_transaction(pool) as worker:
        assert await worker.fetchval("select distributor_id from encryption_keys where kek_ref <> 'x' and status = 'ACTIVE'") == tenant
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with worker_transaction(pool) as worker:
            await worker.fetchval("select wrapped_key from encryption_keys")


@pytest.mark.parametrize("position", [0, 1, 4, 5, 17, 25, -1])
async def test_one_changed_bit_is_noticed(position: int, pool: Pool, tenant: UUID) -> None:
    sealed = bytearray(await seal(pool, tenant))
    sealed[position] ^= 1
    with pytest.raises(NotDecryptable):
        await unseal(pool, tenant, bytes(sealed))


@given(garbage=st.binary(max_size=40))
@with_settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_garbage_does_not_open(garbage: bytes, pool: Pool, tenant: UUID) -> None:
    for sealed in (garbage, b"\x02" + garbage, b"\x02\xff\xff\xff\xff" + garbage, crypto.seal(MASTER, garbage, PLACE)):
        with pytest.raises(NotDecryptable):
            await unseal(pool, tenant, sealed)
