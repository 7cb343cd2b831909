"""A sealed value opens where it was put, with the key it was sealed with, unchanged; and nowhere else."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from libs.crypto import NotDecryptable, seal, unseal
from libs.settings import Settings

KEY = SecretStr(b64encode(b"k" * 32).decode())
OTHER_KEY = SecretStr(b64encode(b"o" * 32).decode())
PLACE = "external_integrations/credentials/1"


@given(st.binary())
def test_what_is_sealed_opens_again(plain: bytes) -> None:
    assert unseal(KEY, seal(KEY, plain, PLACE), PLACE) == plain


def test_the_same_value_never_looks_the_same() -> None:
    assert seal(KEY, b"secret", PLACE) != seal(KEY, b"secret", PLACE)


@pytest.mark.parametrize("place", ["external_integrations/credentials/2", "", PLACE + " "])
def test_a_value_that_was_moved_does_not_open(place: str) -> None:
    with pytest.raises(NotDecryptable):
        unseal(KEY, seal(KEY, b"secret", PLACE), place)


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(NotDecryptable):
        unseal(OTHER_KEY, seal(KEY, b"secret", PLACE), PLACE)


@pytest.mark.parametrize("position", [0, 1, 12, 13, 20, -1])
def test_one_changed_bit_is_noticed(position: int) -> None:
    sealed = bytearray(seal(KEY, b"secret", PLACE))
    sealed[position] ^= 1
    with pytest.raises(NotDecryptable):
        unseal(KEY, bytes(sealed), PLACE)


@given(st.binary(max_size=40))
def test_garbage_does_not_open(garbage: bytes) -> None:
    with pytest.raises(NotDecryptable):
        unseal(KEY, garbage, PLACE)
    with pytest.raises(NotDecryptable):
        unseal(KEY, b"\x01" + garbage, PLACE)


@pytest.mark.parametrize("key", ["", "not base64!", b64encode(b"k" * 31).decode(), b64encode(b"k" * 33).decode()])
def test_a_service_does_not_start_with_a_master_key_of_another_size(key: str, settings: Settings) -> None:
    with pytest.raises(ValidationError, match="32 random bytes"):
        Settings(**settings.model_dump(exclude={"master_key"}), master_key=key)  # pyright: ignore[reportArgumentType] - pydantic makes a secret of it
