"""A tenant's secrets at rest: sealed with a data key of the tenant's own, which lies in encryption_keys, wrapped by the master key.

A sealed value names the version of its key. Every call looks the key's row up, so that a key which was destroyed opens nothing from then on, in any
process; what is remembered is only how a row unwraps.
"""

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache, partial
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from libs import crypto
from libs.crypto import NotDecryptable
from libs.postgres import Connection, Transaction

FORMAT = b"\x02"
VERSION_BYTES = 4
HEADER_BYTES = len(FORMAT) + VERSION_BYTES
MOST_REWRAPPED_AT_ONCE = 500

Sealer = Callable[[bytes, str], bytes]
"""Encrypts a value for a place."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """One version of a tenant's key, as it is kept."""

    distributor_id: UUID
    id: UUID
    version: int
    wrapped: bytes


async def seal(tx: Transaction, master_key: SecretStr, distributor_id: UUID, plain: bytes, place: str) -> bytes:
    """Encrypt `plain` with the tenant's key, made on first use, for `place` (table, column and row); it opens nowhere else."""
    key = await select_active_key(tx, distributor_id)
    while key is None:
        await _make_key(tx, master_key, distributor_id)
        key = await select_active_key(tx, distributor_id)
    return _seal(master_key, key, plain, place)


async def sealers(tx: Transaction, master_key: SecretStr, distributor_ids: Collection[UUID]) -> dict[UUID, Sealer]:
    """Return what `seal` does, for many values of many tenants, after one look at their keys; those without one get theirs."""
    keys = await select_active_keys(tx, distributor_ids)
    for distributor_id in set(distributor_ids) - keys.keys():
        await _make_key(tx, master_key, distributor_id)
    if len(keys) < len(set(distributor_ids)):
        keys = await select_active_keys(tx, distributor_ids)
    return {distributor_id: partial(_seal, master_key, key) for distributor_id, key in keys.items()}


def _seal(master_key: SecretStr, key: DataKey, plain: bytes, place: str) -> bytes:
    return FORMAT + key.version.to_bytes(VERSION_BYTES) + crypto.encrypt(_cipher(master_key, key), plain, place)


async def unseal(tx: Transaction, master_key: SecretStr, distributor_id: UUID, sealed: bytes, place: str) -> bytes:
    """Decrypt what `seal` returned for the same tenant and place. Raises NotDecryptable."""
    if not sealed.startswith(FORMAT) or len(sealed) <= HEADER_BYTES:
        raise NotDecryptable("unknown format")
    key = await select_key(tx, distributor_id, int.from_bytes(sealed[len(FORMAT) : HEADER_BYTES]))
    if key is None:
        raise NotDecryptable("the key was destroyed, or is another tenant's")
    return crypto.decrypt(_cipher(master_key, key), sealed[HEADER_BYTES:], place)


async def rotate(tx: Transaction, master_key: SecretStr, distributor_id: UUID) -> int | None:
    """Seal with a new key from now on; the one before still opens. Returns the new version, None where the tenant has no key."""
    if not await retire_key(tx, distributor_id):
        return None
    await _make_key(tx, master_key, distributor_id)
    key = await select_active_key(tx, distributor_id)
    return key.version if key else None


async def rewrap(tx: Transaction, master_key: SecretStr, distributor_id: UUID) -> int:
    """Wrap some of the tenant's keys with the master key that seals now; returns how many, 0 when all are. Raises NotDecryptable."""
    kek_ref = crypto.fingerprint(master_key)
    keys = await lock_keys_wrapped_otherwise(tx, distributor_id, kek_ref, MOST_REWRAPPED_AT_ONCE)
    for key in keys:
        plain = crypto.unseal(master_key, key.wrapped, _place(distributor_id, key.id))
        await update_wrapping(tx, distributor_id, key.id, crypto.seal(master_key, plain, _place(distributor_id, key.id)), kek_ref)
    return len(keys)


async def _make_key(tx: Transaction, master_key: SecretStr, distributor_id: UUID) -> None:
    key_id = uuid4()
    wrapped = crypto.seal(master_key, os.urandom(crypto.KEY_BYTES), _place(distributor_id, key_id))
    await insert_key(tx, distributor_id, key_id, wrapped, crypto.fingerprint(master_key))


def _cipher(master_key: SecretStr, key: DataKey) -> AESGCM:
    return _unwrapped(master_key, key.wrapped, _place(key.distributor_id, key.id))


@lru_cache(maxsize=1_000)
def _unwrapped(master_key: SecretStr, wrapped: bytes, place: str) -> AESGCM:
    return AESGCM(crypto.unseal(master_key, wrapped, place))


def _place(distributor_id: UUID, key_id: UUID) -> str:
    return f"encryption_keys/wrapped_key/{distributor_id}/{key_id}"


async def insert_key(tx: Transaction, distributor_id: UUID, key_id: UUID, wrapped: bytes, kek_ref: str) -> None:
    """Add the tenant's next active key, unless it has one: the unique indexes let one of several at the same time through."""
    await tx.execute(
        """
        insert into encryption_keys (distributor_id, id, subject_id, version, wrapped_key, kek_ref)
        select $1, $2, $1, coalesce(max(version), 0) + 1, $3, $4
          from encryption_keys
         where distributor_id = $1 and purpose = 'DATA' and subject_type = 'DISTRIBUTOR' and subject_id = $1
            on conflict do nothing
        """,
        distributor_id,
        key_id,
        wrapped,
        kek_ref,
    )


async def select_active_key(tx: Transaction, distributor_id: UUID) -> DataKey | None:
    """Return the key that the tenant's values are sealed with now."""
    row = await tx.fetchrow(
        """
        select distributor_id, id, version, wrapped_key from encryption_keys
         where distributor_id = $1 and purpose = 'DATA' and subject_type = 'DISTRIBUTOR' and subject_id = $1 and status = 'ACTIVE'
        """,
        distributor_id,
    )
    return DataKey(*row.values()) if row else None


async def select_active_keys(tx: Transaction, distributor_ids: Collection[UUID]) -> dict[UUID, DataKey]:
    """Return the keys that tenants' values are sealed with now, of those that have one."""
    rows = await tx.fetch(
        """
        select distributor_id, id, version, wrapped_key from encryption_keys
         where distributor_id = any($1::uuid[]) and purpose = 'DATA' and subject_type = 'DISTRIBUTOR' and subject_id = distributor_id
           and status = 'ACTIVE'
        """,
        list(distributor_ids),
    )
    return {row["distributor_id"]: DataKey(*row.values()) for row in rows}


async def select_key(tx: Transaction, distributor_id: UUID, version: int) -> DataKey | None:
    """Return that version of the tenant's key, unless it was destroyed."""
    row = await tx.fetchrow(
        """
        select distributor_id, id, version, wrapped_key from encryption_keys
         where distributor_id = $1 and purpose = 'DATA' and subject_type = 'DISTRIBUTOR' and subject_id = $1
           and version = $2::bigint and status <> 'DESTROYED'
        """,
        distributor_id,
        version,
    )
    return DataKey(*row.values()) if row else None


async def retire_key(tx: Transaction, distributor_id: UUID) -> bool:
    """Let the active key only open from now on. Returns False where there is none."""
    return bool(
        await tx.fetchval(
            """
            update encryption_keys set status = 'RETIRED'
             where distributor_id = $1 and purpose = 'DATA' and subject_type = 'DISTRIBUTOR' and subject_id = $1 and status = 'ACTIVE'
            returning true
            """,
            distributor_id,
        )
    )


async def lock_keys_wrapped_otherwise(tx: Transaction, distributor_id: UUID, kek_ref: str, limit: int) -> list[DataKey]:
    """Return keys of the tenant, for whatever purpose, that another master key wraps."""
    rows = await tx.fetch(
        """
        select distributor_id, id, version, wrapped_key from encryption_keys
         where distributor_id = $1 and kek_ref <> $2 and status <> 'DESTROYED'
         order by id
         limit $3
           for update
        """,
        distributor_id,
        kek_ref,
        limit,
    )
    return [DataKey(*row.values()) for row in rows]


async def update_wrapping(tx: Transaction, distributor_id: UUID, key_id: UUID, wrapped: bytes, kek_ref: str) -> None:
    """Keep a key as the master key named by `kek_ref` wraps it."""
    await tx.execute(
        "update encryption_keys set wrapped_key = $3, kek_ref = $4 where distributor_id = $1 and id = $2", distributor_id, key_id, wrapped, kek_ref
    )


async def select_tenants_wrapped_otherwise(worker: Connection, kek_ref: str) -> list[UUID]:
    """Return the tenants that have keys which another master key wraps."""
    rows = await worker.fetch(
        "select distinct distributor_id from encryption_keys where kek_ref <> $1 and status <> 'DESTROYED' order by distributor_id", kek_ref
    )
    return [row["distributor_id"] for row in rows]
