"""Dates of birth: dates that are said to be such."""

import re
from collections.abc import Iterator

from libs.pii.finding import Finding
from schemas.pii_detected import PiiType

SAID = (
    r"d\.?o\.?b\.?|date of birth|birth ?date|birthday(?: is)?|born(?: on)?|f(?:echa|\.)? de nac(?:imiento|\.)?|"
    r"nac[ií](?:do|da)?(?: el)?|cumplea[nñ]os(?: es)?|"
    r"data de nasc(?:imento|\.)?|nasc(?:i|ido|ida|\.)?(?: em| no dia)?|anivers[aá]rio"
)
WORD = re.compile(r"d\.?o\.?b|bir|born|nac|nasc|cumple|anivers", re.IGNORECASE)
"""One of these stands in every text that names a date of birth."""
MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|ene|abr|ago|dic|fev|mai|set|out|dez)[a-zç]{0,8}\.?"
DATE = (
    rf"\d{{1,4}}[/.-]\d{{1,2}}[/.-]\d{{1,4}}|\d{{1,2}}(?:st|nd|rd|th)?(?: of| de)? {MONTH}(?: de|,)? ?\d{{2,4}}"
    rf"|{MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}"
)
SAID_DATE = re.compile(rf"(?<!\w)(?:{SAID})(?!\w)(?:\s|:|=|-|is\b|was\b|es\b|é\b|el\b|on\b|em\b){{0,6}}({DATE})(?!\w)", re.IGNORECASE)


def births(text: str) -> Iterator[Finding]:
    """Find dates of birth."""
    for match in SAID_DATE.finditer(text):
        yield Finding(match.start(1), match.end(1), PiiType.DATE_OF_BIRTH, 0.9, "date_of_birth")
