"""The master key comes from a variable or a file; what is none is refused, and never shown."""

from base64 import b64encode
from pathlib import Path

import pytest
from pydantic import ValidationError

from libs import crypto
from libs.master_key import MasterKeySettings

OLD, NEW = b64encode(b"o" * 32).decode(), b64encode(b"n" * 32).decode()


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without a key."""
    monkeypatch.delenv("COMANDA_MASTER_KEY", raising=False)
    monkeypatch.delenv("COMANDA_MASTER_KEY_FILE", raising=False)


def test_the_key_is_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMANDA_MASTER_KEY", OLD)
    assert crypto.keys(MasterKeySettings().master_key) == [b"o" * 32]


def test_while_it_is_replaced_there_are_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMANDA_MASTER_KEY", f"{NEW},{OLD}")
    assert crypto.keys(MasterKeySettings().master_key) == [b"n" * 32, b"o" * 32]


def test_a_file_goes_before_the_variable(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "key").write_text(f"{NEW}\n{OLD}\n")
    monkeypatch.setenv("COMANDA_MASTER_KEY", OLD)
    monkeypatch.setenv("COMANDA_MASTER_KEY_FILE", str(folder / "key"))
    assert crypto.keys(MasterKeySettings().master_key) == [b"n" * 32, b"o" * 32]


def test_a_file_that_is_not_there_is_named_as_the_cause(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("COMANDA_MASTER_KEY", OLD)
    monkeypatch.setenv("COMANDA_MASTER_KEY_FILE", str(folder / "none"))
    with pytest.raises(ValidationError, match="COMANDA_MASTER_KEY_FILE names no file"):
        MasterKeySettings()


@pytest.mark.parametrize("text", ["", "secret-but-no-key", OLD[:-4], f"{OLD},secret-but-no-key"])
def test_what_is_no_key_is_refused_and_not_shown(text: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("COMANDA_MASTER_KEY", text)
    with pytest.raises(ValidationError, match="32 random bytes") as caught:
        MasterKeySettings()
    assert "secret-but-no-key" not in str(caught.value)
    assert OLD not in str(caught.value)
    (folder / "key").write_text(text)
    monkeypatch.setenv("COMANDA_MASTER_KEY", OLD)
    monkeypatch.setenv("COMANDA_MASTER_KEY_FILE", str(folder / "key"))
    with pytest.raises(ValidationError, match="32 random bytes"):
        MasterKeySettings()
