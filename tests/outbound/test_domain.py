"""What each answer of the provider means."""

from datetime import timedelta

import pytest

from libs.channels.send_result import Accepted, Rejected, TryLater, Unconfirmed
from services.outbound.domain import Failed, RetryLater, Sent, decide


def test_what_the_provider_took_is_sent() -> None:
    assert decide(1, Accepted("wamid.1"), 1.0) == Sent("wamid.1")


def test_what_the_provider_rejects_fails_at_once() -> None:
    assert decide(1, Rejected("131047"), 1.0) == Failed("131047")


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 1), (2, 4), (3, 16), (4, 64), (5, 256)])
def test_pauses_grow_by_four(attempt: int, seconds: int) -> None:
    assert decide(attempt, TryLater("HTTP_500"), 1.0) == RetryLater(timedelta(seconds=seconds), "HTTP_500")


def test_the_sixth_failure_is_the_last() -> None:
    assert decide(6, TryLater("TIMEOUT"), 1.0) == Failed("TIMEOUT")


@pytest.mark.parametrize(("asked", "given"), [(0, 1), (30, 30), (300, 300), (86_400, 300)])
def test_a_pause_that_the_provider_asks_for_is_kept_within_bounds(asked: int, given: int) -> None:
    assert decide(1, TryLater("429", timedelta(seconds=asked)), 1.0) == RetryLater(timedelta(seconds=given), "429")


def test_jitter_stretches_the_pause() -> None:
    assert decide(2, TryLater("HTTP_503"), 0.8) == RetryLater(timedelta(seconds=3.2), "HTTP_503")


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 120), (4, 120), (5, 256), (6, 1024)])
def test_after_a_lost_answer_the_status_is_waited_for_whichever_attempt_it_was(attempt: int, seconds: int) -> None:
    assert decide(attempt, Unconfirmed("TIMEOUT"), 1.0) == RetryLater(timedelta(seconds=seconds), "TIMEOUT")
