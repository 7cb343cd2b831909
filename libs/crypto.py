"""Secrets at rest: AES-256-GCM under the installation's master key, bound to the place where they are kept."""

import os
from base64 import b64decode
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

FORMAT = b"\x01"
NONCE_BYTES = 12


class NotDecryptable(Exception):
    """The value was changed, moved to another place, or sealed with another key."""


def seal(master_key: SecretStr, plain: bytes, place: str) -> bytes:
    """Encrypt `plain` for `place` (table, column and row); it opens nowhere else."""
    nonce = os.urandom(NONCE_BYTES)
    return FORMAT + nonce + _cipher(master_key).encrypt(nonce, plain, place.encode())


def unseal(master_key: SecretStr, sealed: bytes, place: str) -> bytes:
    """Decrypt what `seal` returned for the same place. Raises NotDecryptable."""
    if not sealed.startswith(FORMAT):
        raise NotDecryptable("unknown format")
    nonce, encrypted = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    try:
        return _cipher(master_key).decrypt(nonce, encrypted, place.encode())
    except (InvalidTag, ValueError) as error:
        raise NotDecryptable("the value was changed, moved or sealed with another key") from error


@lru_cache(maxsize=8)
def _cipher(master_key: SecretStr) -> AESGCM:
    return AESGCM(b64decode(master_key.get_secret_value()))
