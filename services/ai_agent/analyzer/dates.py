"""The day for which delivery is asked: tomorrow, for friday, next monday, on the 5th, 12/24."""

import re
from datetime import date, timedelta

from services.ai_agent.analyzer.vocabulary import WEEKDAY_NUMBERS

_WEEK = 7
_NEARBY = 10
_MONTH_NAMES = "jan feb mar apr may jun jul aug sep oct nov dec"
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES.split(), 1)}
_MONTH = "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
_DAY = "|".join(sorted(WEEKDAY_NUMBERS, key=len, reverse=True))
_LEAD = r"\b(?:for|on|by|before|deliver(?:y|ed)?|due|arrive|need(?:ed)?|until)\s(?:the\s|it\s|this\s|coming\s|delivery\s|on\s|for\s){0,3}"
_PATTERN = re.compile(
    rf"""
    \b(?P<iso>\d{{4}}-\d\d-\d\d)\b
  | (?<!than\s)\b(?P<near>day\safter\stomorrow|today|tonight|tomorrow|tmrw|tmr)\b
  | (?<!last\s)(?<!every\s)\b(?P<next>next\s)?(?P<weekday>{_DAY})\b(?!['’]s)
  | {_LEAD}(?P<month_first>{_MONTH})\.?\s(?P<day_behind>\d{{1,2}})(?:st|nd|rd|th)?\b
  | {_LEAD}(?P<day_first>\d{{1,2}})(?:st|nd|rd|th)?\s(?:of\s)?(?P<month_behind>{_MONTH})\b
  | {_LEAD}(?P<slash_month>\d{{1,2}})/(?P<slash_day>\d{{1,2}})\b(?!/)
  | {_LEAD}(?P<ordinal>\d{{1,2}})(?:st|nd|rd|th)\b
    """,
    re.VERBOSE,
)
_NEAR = {"today": 0, "tonight": 0, "tomorrow": 1, "tmrw": 1, "tmr": 1, "day after tomorrow": 2}
_AMBIGUOUS = frozenset({"sun", "sat", "wed", "mon", "fri", "tue", "thu"})
_BEFORE_AMBIGUOUS = re.compile(r"\b(?:for|on|by|next|this|before|deliver|delivery)\s$")


def delivery_date(text: str, today: date, *, day_first: bool = False) -> date | None:
    """The first day in `text` (lower case) that is today or later, or None.

    A weekday is the next one after today; `day_first` reads 5/12 as the 5th of December.
    """
    for match in _PATTERN.finditer(text):
        if (
            match["weekday"] in _AMBIGUOUS
            and not match["next"]
            and not _BEFORE_AMBIGUOUS.search(text[max(0, match.start() - _NEARBY) : match.start()])
        ):
            continue
        found = _day_of(match, today, day_first=day_first)
        if found is not None and found >= today:
            return found
    return None


def _day_of(match: re.Match[str], today: date, *, day_first: bool) -> date | None:
    try:
        if match["iso"]:
            return date.fromisoformat(match["iso"])
        if match["near"]:
            return today + timedelta(days=_NEAR[" ".join(match["near"].split())])
        if match["weekday"]:
            return _weekday(WEEKDAY_NUMBERS[match["weekday"]], today, in_next_week=match["next"] is not None)
        if match["ordinal"]:
            return _ordinal(int(match["ordinal"]), today)
        return _this_or_next_year(match, today, day_first=day_first)
    except (ValueError, OverflowError):
        return None


def _weekday(weekday: int, today: date, *, in_next_week: bool) -> date:
    if in_next_week:
        return today + timedelta(days=_WEEK - today.weekday() + weekday)
    return today + timedelta(days=(weekday - today.weekday() - 1) % _WEEK + 1)


def _ordinal(day: int, today: date) -> date:
    """The next 5th: of this month, or of the month after it."""
    if day >= today.day:
        return today.replace(day=day)
    return (today.replace(day=1) + timedelta(days=31)).replace(day=day)


def _this_or_next_year(match: re.Match[str], today: date, *, day_first: bool) -> date:
    name = match["month_first"] or match["month_behind"]
    month = _MONTHS[name[:3]] if name else int(match["slash_month"])
    day = int(match["day_behind"] or match["day_first"] or match["slash_day"])
    if day_first and not name:
        month, day = day, month
    found = date(today.year, month, day)
    return found if found >= today else date(today.year + 1, month, day)
