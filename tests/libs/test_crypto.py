"""A sealed value opens where it was put, with the key it was sealed with, unchanged; and nowhere else."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from libs.crypto import NotDecryptable, fingerprint, keys, seal, unseal
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


def test_while_the_master_key_is_replaced_both_open_and_the_first_seals() -> None:
    both = SecretStr(f"{OTHER_KEY.get_secret_value()},{KEY.get_secret_value()}")
    assert unseal(both, seal(KEY, b"secret", PLACE), PLACE) == b"secret"
    assert unseal(OTHER_KEY, seal(both, b"secret", PLACE), PLACE) == b"secret"
    assert fingerprint(both) == fingerprint(OTHER_KEY) != fingerprint(KEY)
    with pytest.raises(NotDecryptable):
        unseal(both, seal(KEY, b"secret", PLACE), PLACE + " ")


def test_a_fingerprint_holds_nothing_of_the_key() -> None:
    assert fingerprint(KEY) not in KEY.get_secret_value()
    assert fingerprint(KEY) not in (b"k" * 32).hex()


def test_keys_may_stand_on_lines_of_a_file() -> None:
    assert keys(SecretStr(f"{KEY.get_secret_value()}\n{OTHER_KEY.get_secret_value()}\n")) == [b"k" * 32, b"o" * 32]


@pytest.mark.parametrize("text", ["", ",", "not base64!", b64encode(b"k" * 31).decode(), f"{KEY.get_secret_value()},short"])
def test_what_is_no_master_key_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(?!.*short)") as caught:
        keys(SecretStr(text))
    assert KEY.get_secret_value() not in str(caught.value)


@pytest.mark.parametrize("key", ["", "not base64!", b64encode(b"k" * 31).decode(), b64encode(b"k" * 33).decode()])
def test_a_service_does_not_start_with_a_master_key_of_another_size(key: str, settings: Settings) -> None:
    with pytest.raises(ValidationError, match="32 random bytes"):
        Settings(**settings.model_dump(exclude={"master_key"}), master_key=key)  # pyright: ignore[reportArgumentType] - pydantic makes a secret of it
