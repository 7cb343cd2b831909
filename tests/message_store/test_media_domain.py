"""What follows from a failed attempt."""

from datetime import timedelta

import pytest

from services.message_store.media.domain import Failed, Kind, NotFetched, RetryLater, decide, declared_kind, put_off
from services.message_store.media.fetch import hexadecimal


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 5), (2, 20), (3, 80), (4, 320), (5, 1280)])
def test_pauses_grow(attempt: int, seconds: int) -> None:
    assert decide(attempt, NotFetched("TIMEOUT"), 1.0) == RetryLater(timedelta(seconds=seconds), "TIMEOUT")


def test_it_ends_with_the_sixth_attempt_or_with_what_is_for_ever() -> None:
    assert decide(6, NotFetched("TIMEOUT"), 1.0) == Failed("TIMEOUT")
    assert decide(1, NotFetched("TOO_LARGE", for_ever=True), 1.0) == Failed("TOO_LARGE")


def test_what_is_our_own_fault_does_not_count() -> None:
    assert put_off(1.0) == RetryLater(timedelta(seconds=15), "STORAGE_AWAY", counts=False)


@pytest.mark.parametrize(
    ("mime_type", "kind"),
    [("image/png", Kind.IMAGE), ("AUDIO/ogg", Kind.AUDIO), ("video/mp4", Kind.VIDEO), ("a", Kind.DOCUMENT), (None, Kind.DOCUMENT)],
)
def test_a_mime_type_names_a_kind(mime_type: str | None, kind: Kind) -> None:
    assert declared_kind(mime_type) == kind


@pytest.mark.parametrize("given", ["ff" * 32, "FF" * 32, "/" * 42 + "8=", "/" * 42 + "8", "_" * 42 + "8"])
def test_a_hash_is_read_in_each_form(given: str) -> None:
    assert hexadecimal(given) == "ff" * 32


@pytest.mark.parametrize("given", ["not a hash", "ü" * 43, "x", "ff" * 31])
def test_what_is_no_hash_is_none(given: str) -> None:
    assert hexadecimal(given) != "ff" * 32
