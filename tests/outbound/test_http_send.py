"""Retry-After, as servers write it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from libs.channels.http_send import asked_pause


@pytest.mark.parametrize(
    ("retry_after", "seconds"), [("", 0), ("0", 0), ("120", 120), ("9" * 400, 999_999_999), ("-5", 0), ("soon", 0), ("1.5", 0), ("²", 0)]
)
def test_seconds_are_read_and_anything_else_asks_for_nothing(retry_after: str, seconds: int) -> None:
    assert asked_pause(retry_after) == timedelta(seconds=seconds)


def test_a_date_asks_for_the_time_until_it_and_a_past_one_for_nothing() -> None:
    in_an_hour = datetime.now(UTC) + timedelta(hours=1)
    assert timedelta(minutes=59) < asked_pause(format_datetime(in_an_hour, usegmt=True)) <= timedelta(hours=1)
    assert asked_pause("Wed, 21 Oct 2015 07:28:00 GMT") == timedelta()
    assert asked_pause("Wed, 21 Oct 2015 07:28:00 -0000") == timedelta(), "a date of no time zone"
