"""What is found in one text by a tenant's rules, and what the text is afterwards."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID, uuid4

from libs import pii
from libs.pii import Finding
from libs.pii.detect import without_overlaps
from libs.pii.redact import placeholder
from schemas.pii_detected import PiiAction, PiiType
from services.message_store.pii import patterns
from services.message_store.pii.rules import Rule

ANY_LANGUAGE = "simple"
PATTERN = "pattern"
SURE = 1.0


class Field(StrEnum):
    """The texts that a message has."""

    CONTENT = "content"
    SUBJECT = "subject"
    TRANSCRIPT = "transcript"
    EXTRACTED_TEXT = "extracted_text"
    REVISION = "revision"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A stored text; `source_id` is the attachment or the revision that holds it, None the message."""

    distributor_id: UUID
    message_id: UUID
    conversation_id: UUID
    language: str
    field_name: Field
    source_id: UUID | None
    text: str

    @property
    def place(self) -> "Place":
        """Which text it is."""
        return self.distributor_id, self.message_id, self.field_name, self.source_id


Place = tuple[UUID, UUID, Field, UUID | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Personal data in a text, and what is done about it; the offsets are those of the text afterwards."""

    id: UUID
    type: PiiType
    start: int
    end: int
    value: str
    keep: bool
    confidence: float
    recognizer: str
    rule_id: UUID | None
    action: PiiAction


@dataclass(frozen=True, slots=True)
class Scanned:
    """A text, what it says afterwards, and what was found in it."""

    of: Text
    text: str
    found: tuple[Found, ...]

    @property
    def masked(self) -> bool:
        """Whether the text says something else afterwards."""
        return self.text != self.of.text


def scan(text: Text, rules: Sequence[Rule]) -> Scanned:
    """Look for personal data as the rules say, and mask what they want masked."""
    active = [rule for rule in rules if rule.enabled and _speaks(rule, text.language)]
    hits = {(hit.start, hit.end): (hit, rule) for hit, rule in _hits(text.text, active)}
    kept = without_overlaps(hit for hit, _ in hits.values())
    found: list[Found] = []
    parts: list[str] = []
    done = length = 0
    for hit in kept:
        rule = hits[hit.start, hit.end][1]
        before, value = text.text[done : hit.start], text.text[hit.start : hit.end]
        shown = value if rule.action == PiiAction.FLAGGED else placeholder(hit.type)
        parts += (before, shown)
        start, length = length + len(before), length + len(before) + len(shown)
        found.append(_found(hit, rule, start, length, value))
        done = hit.end
    return Scanned(text, "".join((*parts, text.text[done:])), tuple(found))


def counted(text: str, language: str, rule: Rule) -> Counter[PiiType]:
    """Return how much one rule finds in a text."""
    return Counter(hit.type for hit, _ in _hits(text, [rule])) if _speaks(rule, language) else Counter()


def text_hash(text: str) -> bytes:
    """Return what a text is compared by."""
    return hashlib.sha256(text.encode()).digest()


def restored(text: str, start: int, end: int, pii_type: PiiType, value: str) -> str | None:
    """Return `text` with what was masked at this place put back; None where no placeholder of the type stands there any more."""
    return text[:start] + value + text[end:] if text[start:end] == placeholder(pii_type) else None


def rules_of(own: Sequence[Rule], defaults: Sequence[Rule]) -> list[Rule]:
    """Return the rules that hold: the tenant's own, and the defaults of the types for whose recognizers it has none."""
    settled = {rule.pii_type for rule in own if rule.pattern is None}
    return [*own, *(rule for rule in defaults if rule.pii_type not in settled)]


def _hits(text: str, rules: Collection[Rule]) -> Iterator[tuple[Finding, Rule]]:
    """Yield what each rule finds; of rules that find the same, the last one counts: a tenant's pattern is no worse than a recognizer."""
    by_recognizer = [rule for rule in rules if rule.pattern is None]
    types = {rule.pii_type for rule in by_recognizer}
    for hit in pii.detect(text, types, min((rule.min_confidence for rule in by_recognizer), default=SURE)) if types else ():
        for rule in by_recognizer:
            if rule.pii_type == hit.type and hit.confidence >= rule.min_confidence and rule.recognizer in (None, hit.recognizer):
                yield hit, rule
                break
    for rule in rules:
        if rule.pattern is not None:
            for start, end in patterns.find(rule.pattern, text):
                yield Finding(start, end, rule.pii_type, SURE, PATTERN), rule


def _speaks(rule: Rule, language: str) -> bool:
    return rule.locale is None or language == ANY_LANGUAGE or language[:2].lower() == rule.locale[:2].lower()


def _found(hit: Finding, rule: Rule, start: int, end: int, value: str) -> Found:
    return Found(
        id=uuid4(),
        type=hit.type,
        start=start,
        end=end,
        value=value,
        keep=rule.keep_value or rule.action != PiiAction.REDACTED,
        confidence=hit.confidence,
        recognizer=hit.recognizer,
        rule_id=rule.id,
        action=rule.action,
    )
