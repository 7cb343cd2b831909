"""Secrets at rest: AES-256-GCM under the installation's master key, bound to the place where they are kept.

A master key is Base64 of 32 bytes. While it is being replaced there are two, separated by a comma: the first seals, each opens.
"""

import hashlib
import hmac
import os
from base64 import b64decode
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

FORMAT = b"\x01"
NONCE_BYTES = 12
KEY_BYTES = 32


class NotDecryptable(Exception):
    """The value was changed, moved to another place, or sealed with another key."""


def seal(master_key: SecretStr, plain: bytes, place: str) -> bytes:
    """Encrypt `plain` for `place` (table, column and row); it opens nowhere else."""
    return FORMAT + encrypt(_ciphers(master_key)[0], plain, place)


def unseal(master_key: SecretStr, sealed: bytes, place: str) -> bytes:
    """Decrypt what `seal` returned for the same place. Raises NotDecryptable."""
    if not sealed.startswith(FORMAT):
        raise NotDecryptable("unknown format")
    *earlier, last = _ciphers(master_key)
    for cipher in earlier:
        try:
            return decrypt(cipher, sealed[len(FORMAT) :], place)
        except NotDecryptable:
            continue
    return decrypt(last, sealed[len(FORMAT) :], place)


def encrypt(cipher: AESGCM, plain: bytes, place: str) -> bytes:
    """Return a fresh nonce and what `cipher` makes of `plain` with it."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, place.encode())


def decrypt(cipher: AESGCM, encrypted: bytes, place: str) -> bytes:
    """Undo `encrypt`. Raises NotDecryptable."""
    try:
        return cipher.decrypt(encrypted[:NONCE_BYTES], encrypted[NONCE_BYTES:], place.encode())
    except (InvalidTag, ValueError) as error:
        raise NotDecryptable("the value was changed, moved or sealed with another key") from error


def keys(master_key: SecretStr) -> list[bytes]:
    """Return the keys, the one that seals first. Raises ValueError unless each is Base64 of 32 bytes and there is at least one."""
    found = [b64decode(key, validate=True) for key in master_key.get_secret_value().replace(",", " ").split()]
    if not found or any(len(key) != KEY_BYTES for key in found):
        raise ValueError("a master key is Base64 of 32 random bytes")
    return found


def fingerprint(master_key: SecretStr) -> str:
    """Return what the key that seals is recognized by; nothing follows from it about the key."""
    return hmac.new(keys(master_key)[0], b"comanda master key", hashlib.sha256).hexdigest()[:16]


@lru_cache(maxsize=8)
def _ciphers(master_key: SecretStr) -> list[AESGCM]:
    return [AESGCM(key) for key in keys(master_key)]
