"""The day for which delivery is asked."""

from datetime import date

import pytest

from services.ai_agent.analyzer.dates import delivery_date

WEDNESDAY = date(2026, 11, 18)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("3 cs milk for tomorrow", date(2026, 11, 19)),
        ("need it today", WEDNESDAY),
        ("the day after tomorrow pls", date(2026, 11, 20)),
        ("for friday", date(2026, 11, 20)),
        ("for thurs", date(2026, 11, 19)),
        ("deliver wednesday", date(2026, 11, 25)),
        ("next monday", date(2026, 11, 23)),
        ("next friday", date(2026, 11, 27)),
        ("by sat", date(2026, 11, 21)),
        ("for 12/24: 10 turkeys", date(2026, 12, 24)),
        ("for 1/3", date(2027, 1, 3)),
        ("on the 5th", date(2026, 12, 5)),
        ("for december 2", date(2026, 12, 2)),
        ("by 2 dec", date(2026, 12, 2)),
        ("2026-11-30 please", date(2026, 11, 30)),
    ],
)
def test_a_day_is_counted_from_today(text: str, day: date) -> None:
    assert delivery_date(text, WEDNESDAY) == day


@pytest.mark.parametrize(
    "text", ["3 cs milk", "same as last friday", "no butter this week", "the sun is out", "2 cs 1/2 gal milk", "on 2/30", "2020-01-01"]
)
def test_other_words_name_no_day(text: str) -> None:
    assert delivery_date(text, WEDNESDAY) is None
