"""All recognizers on one text, each only where the text has what it needs."""

import re
from collections.abc import Collection, Iterable, Iterator

from libs.pii import addresses, births, contacts, names, numbers, phones
from libs.pii.finding import Finding, without
from schemas.pii_detected import PiiType

DEFAULT_TYPES = frozenset(PiiType) - {PiiType.NAME, PiiType.OTHER}
"""What is looked for where nobody says otherwise: names are found by their surroundings only, so they have to be asked for."""
MIN_CONFIDENCE = 0.5
LONG_NUMBER = re.compile(r"\d(?:[^\w\n]{0,3}\d){5}")


def detect(text: str, types: Collection[PiiType] = DEFAULT_TYPES, min_confidence: float = MIN_CONFIDENCE) -> list[Finding]:
    """Return the personal data of `types` in `text`, in its order and without overlaps: the surest holds, then the longest."""
    found = [each for each in _by_form(text, types) if each.confidence >= min_confidence]
    if PiiType.ADDRESS in types:
        found += [each for each in addresses.addresses(text, found) if each.confidence >= min_confidence]
    if PiiType.NAME in types:
        found += [each for each in names.names(without(text, found, min_confidence)) if each.confidence >= min_confidence]
    return without_overlaps(found) if len(found) > 1 else found


def without_overlaps(found: Iterable[Finding]) -> list[Finding]:
    """Keep of findings that overlap the surest, then the longest. Returns them in the order of the text."""
    kept: list[Finding] = []
    for each in sorted(found, key=lambda each: (-each.confidence, each.start - each.end, each.start)):
        if all(each.end <= other.start or each.start >= other.end for other in kept):
            kept.append(each)
    return sorted(kept, key=lambda each: each.start)


def _by_form(text: str, types: Collection[PiiType]) -> Iterator[Finding]:
    if "@" in text and PiiType.EMAIL in types:
        yield from contacts.mails(text)
    if LONG_NUMBER.search(text):
        yield from _in_numbers(text, types)
    if PiiType.IP_ADDRESS in types and (text.count(".") > 2 or text.count(":") > 1):  # noqa: PLR2004 - as many as the shortest has
        yield from contacts.ip_addresses(text)
    if PiiType.DATE_OF_BIRTH in types and births.WORD.search(text):
        yield from births.births(text)


def _in_numbers(text: str, types: Collection[PiiType]) -> Iterator[Finding]:
    if PiiType.PHONE in types:
        yield from phones.phones(text)
    if PiiType.CREDIT_CARD in types:
        yield from numbers.cards(text)
    if PiiType.IBAN in types:
        yield from numbers.ibans(text)
    if PiiType.SSN in types or PiiType.NATIONAL_ID in types:
        yield from (found for found in numbers.persons_numbers(text) if found.type in types)
