"""What each answer of an endpoint means."""

from datetime import UTC, datetime, timedelta

import pytest

from services.webhook_dispatcher.domain import (
    Answer,
    Dead,
    Delivered,
    EndpointGone,
    NoAnswer,
    RetryLater,
    RetryPolicy,
    decide,
    is_given_up,
)

ON_SCHEDULE = RetryPolicy()


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_2xx_is_delivered(status: int) -> None:
    assert decide(1, ON_SCHEDULE, Answer(status), 1.0) == Delivered()


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 404, 408, 429, 500, 502, 503, 504])
def test_anything_else_is_retried_even_a_redirect(status: int) -> None:
    assert decide(1, ON_SCHEDULE, Answer(status), 1.0) == RetryLater(timedelta(seconds=5), f"the endpoint answered {status}")


def test_gone_is_the_end_of_the_endpoint() -> None:
    assert isinstance(decide(1, ON_SCHEDULE, Answer(410), 1.0), EndpointGone)


def test_eight_attempts_over_a_day_and_then_it_is_dead() -> None:
    outcomes = [decide(attempt, ON_SCHEDULE, NoAnswer("no answer"), 1.0) for attempt in range(1, 9)]
    pauses = [outcome.pause.total_seconds() for outcome in outcomes if isinstance(outcome, RetryLater)]
    assert pauses == [5, 300, 1800, 7200, 18_000, 36_000, 36_000]
    assert outcomes[-1] == Dead("no answer")


@pytest.mark.parametrize("jitter", [0.8, 1.2])
def test_jitter_stretches_each_pause(jitter: float) -> None:
    assert decide(2, ON_SCHEDULE, NoAnswer(""), jitter) == RetryLater(timedelta(minutes=5) * jitter, "")


def test_the_owner_s_own_policy_replaces_the_schedule() -> None:
    policy = RetryPolicy(attempts=2, delay=timedelta(seconds=60))
    assert decide(1, policy, NoAnswer(""), 1.0) == RetryLater(timedelta(seconds=60), "")
    assert decide(2, policy, NoAnswer(""), 1.0) == RetryLater(timedelta(seconds=60), "")
    assert decide(3, policy, NoAnswer(""), 1.0) == Dead("")
    assert decide(1, RetryPolicy(attempts=0), NoAnswer(""), 1.0) == Dead("")


def test_more_attempts_than_the_schedule_has_repeat_its_last_pause() -> None:
    assert decide(12, RetryPolicy(attempts=20), NoAnswer(""), 1.0) == RetryLater(timedelta(hours=10), "")


@pytest.mark.parametrize(("asked", "given"), [(0, 5), (60, 60), (3_600, 3_600), (86_400, 3_600)])
def test_a_pause_that_the_endpoint_asks_for_is_kept_within_bounds(asked: int, given: int) -> None:
    answer = Answer(429, pause=timedelta(seconds=asked))
    assert decide(1, ON_SCHEDULE, answer, 1.0) == RetryLater(timedelta(seconds=given), "the endpoint answered 429")


def test_five_days_of_failures_are_enough() -> None:
    now = datetime(2026, 1, 6, 0, 0, 1, tzinfo=UTC)
    assert is_given_up(datetime(2026, 1, 1, tzinfo=UTC), now)
    assert not is_given_up(datetime(2026, 1, 2, tzinfo=UTC), now)
    assert not is_given_up(None, now)
