"""Cards, bank accounts and numbers of persons: what their check digits prove, or the word before them says."""

import re
from collections.abc import Callable, Iterator

from stdnum import ean, iban, luhn
from stdnum.br import cpf
from stdnum.es import dni, nie
from stdnum.us import itin, ssn

from libs.pii import context
from libs.pii.finding import Finding
from schemas.pii_detected import PiiType

CARD = re.compile(r"(?<![\w.,/-])\d(?:[ -]?\d){11,18}(?![\w/]|[.,-]\d)")
CARD_ISSUER = re.compile(r"4|5[0-8]|2[2-7]|3[0689]|34|35|37|6|2131|1800")
GROUPED_CARD = re.compile(r"\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}|\d{4}([ -])\d{6}\2\d{4,5}|\d+")
CARD_LENGTHS_OF_ISSUERS = {13: ("4",), 14: ("30", "36", "38", "39"), 15: ("34", "37", "2131", "1800")}
IBAN = re.compile(r"(?<!\w)[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]{4}){2,7}(?: ?[A-Za-z0-9]{1,3})?(?!\w)")
SSN = re.compile(r"(?<![\w.-])\d{3}([ -]?)\d{2}\1\d{4}(?!\w|[-.]\d)")
CPF = re.compile(r"(?<![\w.-])\d{3}\.?\d{3}\.?\d{3}-?\d{2}(?!\w|[-.]\d)")
DNI = re.compile(r"(?<![\w.-])(?:[XYZ][ -]?\d{7}|\d{2}\.?\d{3}\.?\d{3})[ -]?[A-Z](?!\w)", re.IGNORECASE)
NINO = re.compile(r"(?<!\w)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)", re.IGNORECASE)


def cards(text: str) -> Iterator[Finding]:
    """Find card numbers: of an issuer's range, with the right check digit, in the groups that cards have."""
    for match in CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if not (CARD_ISSUER.match(digits) and GROUPED_CARD.fullmatch(match[0])):
            continue
        said = context.nearest(text, match.start(), context.CARDS, context.OTHERS, context.PHONES)
        if sure := _card_confidence(digits, said):
            yield Finding(match.start(), match.end(), PiiType.CREDIT_CARD, sure, "card_number")


def _card_confidence(digits: str, said: int | None) -> float:
    """Say how sure it is that these digits are a card's; `said` is 0 where a word says so, another number where it says otherwise."""
    sixteen = len(digits) == 16  # noqa: PLR2004 - what most cards have
    if not luhn.is_valid(digits):
        return 0.6 if sixteen and said == 0 else 0
    if said == 0:
        return 0.98
    if len(digits) == 12 or (len(digits) in (13, 14) and ean.is_valid(digits)):  # noqa: PLR2004 - as long as a bar code
        return 0
    if not digits.startswith(CARD_LENGTHS_OF_ISSUERS.get(len(digits), ("4", "5", "2", "3", "6"))):
        return 0
    return 0.5 if said == 1 and not sixteen else 0.9


def ibans(text: str) -> Iterator[Finding]:
    """Find IBANs: with the right check digits, or called so."""
    for match in IBAN.finditer(text):
        end = _shrunk(text, match.start(), match.end())
        if end:
            yield Finding(match.start(), end, PiiType.IBAN, 0.98, "iban")
        elif re.search(r"\biban\b\W{0,3}(?:\w+\W{1,3}){0,2}$", text[max(0, match.start() - 25) : match.start()], re.IGNORECASE):
            yield Finding(match.start(), match.end(), PiiType.IBAN, 0.6, "iban_by_word")


def _shrunk(text: str, start: int, end: int) -> int | None:
    """Return where the IBAN ends: words that follow it look like more of its groups."""
    while end - start >= 15:  # noqa: PLR2004 - the shortest IBAN
        if iban.is_valid(text[start:end], check_country=False):
            return end
        shorter = text.rfind(" ", start, end)
        if shorter < 0:
            return None
        end = shorter
    return None


def persons_numbers(text: str) -> Iterator[Finding]:
    """Find social security numbers and the numbers of identity documents."""
    for match in SSN.finditer(text):
        said = context.nearest(text, match.start(), context.SSNS, context.OTHERS, context.PHONES)
        if ssn.is_valid(match[0]) or itin.is_valid(match[0]) or said == 0:
            sure = 0.97 if said == 0 else 0.85 if match[1] == "-" and said is None else 0.3
            yield Finding(match.start(), match.end(), PiiType.SSN, sure, "social_security_number")
    for pattern, is_valid, name in NATIONAL:
        for match in pattern.finditer(text):
            said = context.nearest(text, match.start(), context.IDS, context.OTHERS, context.PHONES)
            if said == 0 or (is_valid(match[0]) and not match[0].isdigit() and said is None):
                yield Finding(match.start(), match.end(), PiiType.NATIONAL_ID, 0.97 if is_valid(match[0]) else 0.6, name)


def _is_dni(text: str) -> bool:
    return dni.is_valid(text) or nie.is_valid(text)


def _is_nino(text: str) -> bool:
    return " " in text


NATIONAL: tuple[tuple["re.Pattern[str]", Callable[[str], bool], str], ...] = (
    (CPF, cpf.is_valid, "cpf"),
    (DNI, _is_dni, "dni"),
    (NINO, _is_nino, "national_insurance_number"),
)
