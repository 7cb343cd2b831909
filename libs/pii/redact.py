"""A text without the personal data that was found in it."""

from collections.abc import Iterable

from libs.pii.finding import Finding


def redact(text: str, findings: Iterable[Finding]) -> str:
    """Return `text` with each finding replaced by its type in brackets; findings that overlap are replaced by the first one's."""
    parts: list[str] = []
    done = 0
    for found in sorted(findings, key=lambda each: (each.start, -each.end)):
        if found.start >= done:
            parts += (text[done : found.start], placeholder(found.type))
        done = max(done, found.end)
    return "".join((*parts, text[done:]))


def placeholder(pii_type: str) -> str:
    """Return what stands in a text where personal data of this type stood."""
    return f"[{pii_type}]"
