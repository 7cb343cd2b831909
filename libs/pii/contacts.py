"""Mail addresses and IP addresses."""

import re
from collections.abc import Iterator
from ipaddress import ip_address

from libs.pii.finding import Finding
from schemas.pii_detected import PiiType

MAIL = re.compile(
    r"(?<![\w.+%'-])[\w+%](?:[\w.+%'-]{0,62}[\w+%])?@(?:[^\W_](?:[\w-]{0,62}[^\W_])?\.){1,6}[^\W\d_]{2,24}(?![\w-])",
)
IPV4 = re.compile(r"(?<![\w.\-/])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)")
IPV6 = re.compile(r"(?<![\w:.])(?=[\da-fA-F]{0,4}:)[\da-fA-F]{0,4}(?::[\da-fA-F]{0,4}){2,7}(?![\w:])")
VERSION_BEFORE = re.compile(r"(?:\bv|\bversion|\bver\.?|\bsection|\bcap[ií]tulo)\s*$", re.IGNORECASE)


def mails(text: str) -> Iterator[Finding]:
    """Find mail addresses."""
    for match in MAIL.finditer(text):
        yield Finding(match.start(), match.end(), PiiType.EMAIL, 0.99, "mail_address")


def ip_addresses(text: str) -> Iterator[Finding]:
    """Find IP addresses of both versions."""
    for match in IPV4.finditer(text):
        if _is_ip(match[0]) and not VERSION_BEFORE.search(text, max(0, match.start() - 12), match.start()):
            yield Finding(match.start(), match.end(), PiiType.IP_ADDRESS, 0.9, "ipv4")
    for match in IPV6.finditer(text):
        if match[0].strip(":") and _is_ip(match[0]):
            yield Finding(match.start(), match.end(), PiiType.IP_ADDRESS, 0.95, "ipv6")


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
