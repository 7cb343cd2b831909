"""Phone numbers: by their form, by the words before them, and by what the numbering plans of the world allow."""

import re
from collections.abc import Iterator
from functools import lru_cache

import phonenumbers
from stdnum import ean

from libs.pii import context
from libs.pii.finding import Finding
from schemas.pii_detected import PiiType

MOST_DIGITS = 15
CANDIDATE = re.compile(
    r"(?<![\w@#$€£/\\.,:%*])(?<![\d)][-])"
    r"(?P<core>(?:\+ ?|\(\+?)?\d(?:[ \u00a0]?[-.–()][ \u00a0]?[()]?\d|[ \u00a0]?\d){4,18})"
    r"(?P<extension>[ ,]{0,2}(?:(?:ext\.?|extension|ramal|anexo|int\.) ?:?|x)\d{1,6})?"
    r"(?![\w%@/\\]|[.,:]\d|-\w)",
    re.IGNORECASE,
)
DATE = re.compile(
    r"(?<!\d)(?:(?:19|20)\d\d[-. ](?:0?[1-9]|1[0-2])[-. ](?:0?[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])[-.](?:0?[1-9]|[12]\d|3[01])[-.](?:19|20)?\d\d)(?!\d)"
)
THOUSANDS = re.compile(r"\d{1,3}(?:\.\d{3})+|\d{1,2}(?: \d{3}){2,}")
ROUND_AMOUNTS = re.compile(r"\d{1,6}0(?:[ -]+\d{0,5}0)+|(?:\d{2} 00 ?)+")
NORTH_AMERICAN = re.compile(
    r"(?:\+?1[ .-]{0,2})?(?:\(\d{3}\)[ .-]{0,2}|\d{3}[ .-]{1,2})\d{3}[ .-]{1,2}\d{4}"
    r"|(?:\+?1[ .-])?(?:\(\d{3}\) ?|\d{3} )\d{7}|(?:001|\+1)-\d{3}-\d{3}-\d{4}"
)
AREA_IN_BRACKETS = re.compile(r"(?:\+?\d{1,3} ?)?\(\+?\d{1,5}\)[ .-]?\d{2,5}(?:[ .-]?\d{2,5}){0,3}")
LOCAL = re.compile(r"[2-9]\d{2}[ .-]\d{4}|[2-9]\d{3}[ -]\d{4}")
NATIONAL = re.compile(
    r"0\d{1,4}[ .-]\d{5,8}|0\d{1,4}(?:[ .-]\d{3,5}){2}|0\d{1,4}(?:[ .]\d{2,5}){2,4}|0\d(?:-\d\d){3,4}"
    r"|[1-9]\d{1,3}(?:[ .-]\d{2,6}){2,4}|[1-9]\d \d{4,5}[ .-]\d{3,4}|[1-9]\d [1-9]\d{5,6}"
)
WHOLE_AMONG_OTHERS = re.compile(r"^(?:\d{1,8} )+((?:1 )?[2-9]\d{9}|\d{10}|\d{3} \d{7}|\d{3}[ .-]\d{3}[ .-]\d{4})(?= |$)|^(\d{10})(?= \d)")
WHERE_IT_RINGS = re.compile(
    r"\s?\(?(?:office|mobile|cell|fax|home|work|direct|oficina|m[oó]vil|celular|casa|trabajo|trabalho|escrit[oó]rio)\b", re.IGNORECASE
)
ORDINARY_ZIP = re.compile(r"\d{5}-\d{4}")
SSN_FORM = re.compile(r"\d{3}([ -])\d{2}\1\d{4}")


def phones(text: str, regions: tuple[str, ...] = ("US", "ES", "BR", "MX", "GB")) -> Iterator[Finding]:
    """Find phone numbers; `regions` are the countries whose numbers are written without their country's code."""
    for match in CANDIDATE.finditer(text):
        start, end, core = _apart(match)
        digits = re.sub(r"\D", "", core)
        if not 6 <= len(digits) <= MOST_DIGITS + 3 or DATE.search(core):  # noqa: PLR2004 - the shortest that people give
            continue
        said = context.nearest(text, start, context.PHONES, context.OTHERS, context.CARDS, context.SSNS, context.IDS)
        alone = not text[:start].strip(" \n\t,.:;-") and not text[end:].strip(" \n\t,.;!-")
        if WHERE_IT_RINGS.match(text, end):
            said = 0
        extension = end > match.end("core")
        measured = context.measured(text, end)
        if sure := _confidence(core, digits, said, extension=extension, alone=alone, measured=measured, regions=regions):
            yield Finding(start, end, PiiType.PHONE, sure, "phone_number")


def _apart(match: "re.Match[str]") -> tuple[int, int, str]:
    """Return where the number begins and ends, and the number: house numbers and post codes may stand before it or behind it."""
    core, start, end = match["core"], match.start(), match.end()
    if core.startswith("(") and ")" not in core:
        core, start = core[1:], start + 1
    if inner := WHOLE_AMONG_OTHERS.search(core):
        return start + inner.start(inner.lastindex or 0), start + inner.end() if inner.end() < len(core) else end, inner[inner.lastindex or 0]
    return start, end, core


def _confidence(core: str, digits: str, said: int | None, *, extension: bool, alone: bool, measured: bool, regions: tuple[str, ...]) -> float:
    """Say how sure it is that a number is a phone's; `said` is 0 where a word before it says so, more where one says otherwise."""
    if len(digits) > MOST_DIGITS or ORDINARY_ZIP.fullmatch(core) or measured:
        return 0
    if said == 0:
        return max(0.8, _by_form(core, digits, extension=extension, alone=alone, regions=regions))
    if core.startswith(("+", "(+")) and len(digits) >= 8:  # noqa: PLR2004 - the shortest with a country's code
        return 0.97 if _is_possible(core, regions) else 0.75
    by_form = _by_form(core, digits, extension=extension, alone=alone, regions=regions)
    return by_form - 0.4 if said else by_form


def _by_form(core: str, digits: str, *, extension: bool, alone: bool, regions: tuple[str, ...]) -> float:
    if SSN_FORM.fullmatch(core) or THOUSANDS.fullmatch(core) or ROUND_AMOUNTS.fullmatch(core):
        return 0
    if extension and len(digits) >= (10 if core.isdigit() else 7):
        return 0.9
    if NORTH_AMERICAN.fullmatch(core) or (AREA_IN_BRACKETS.fullmatch(core) and len(digits) >= 7):  # noqa: PLR2004 - a local number
        return 0.85
    if core.isdigit():
        return _bare(digits, alone=alone, regions=regions)
    if LOCAL.fullmatch(core):
        return 0.65 if alone or (len(digits) == 7 and "-" in core) else 0.55 if " " in core else 0.45  # noqa: PLR2004 - a local number
    if NATIONAL.fullmatch(core) and 7 <= len(digits) <= 12:  # noqa: PLR2004 - national numbers
        return 0.75 if digits[0] == "0" or _is_possible(core, regions) else 0.6
    return 0


def _bare(digits: str, *, alone: bool, regions: tuple[str, ...]) -> float:
    """Judge digits without any group: order numbers and bar codes look like this as well."""
    length = len(digits)
    if digits[0] in "01" and not _is_possible(digits, regions):
        return 0.3
    if length == 10:  # noqa: PLR2004 - North America, Mexico, India, Brazil's landlines
        return 0.8 if alone else 0.65
    if length in (8, 12, 13, 14) and ean.is_valid(digits):
        return 0
    if length == 11:  # noqa: PLR2004 - with a trunk prefix, and Brazil's mobiles
        return 0.65 if digits[0] in "01" or _is_possible(digits, regions) else 0.5 if alone else 0.3
    if length == 9 and _is_possible(digits, ("ES", "PT")):  # noqa: PLR2004 - Iberia
        return 0.5 if alone else 0.3
    return 0


@lru_cache(maxsize=4_096)
def _is_possible(number: str, regions: tuple[str, ...]) -> bool:
    """Return whether a numbering plan has such a number."""
    for region in (None,) if number.startswith(("+", "(+")) else regions:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(number.strip("("), region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False
