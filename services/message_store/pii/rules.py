"""What is looked for, and what is done about it: a rule, and those of a tenant that says nothing else."""

from dataclasses import dataclass
from uuid import UUID

from schemas.pii_detected import PiiAction, PiiType


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is done about one type. `id` is None for what holds by default; with `pattern` it finds by itself, without the recognizers."""

    id: UUID | None = None
    name: str
    pii_type: PiiType
    pattern: str | None = None
    recognizer: str | None = None
    locale: str | None = None
    min_confidence: float
    action: PiiAction
    keep_value: bool = False
    enabled: bool = True
    version: int = 1


def _default(pii_type: PiiType, action: PiiAction, min_confidence: float) -> Rule:
    return Rule(name=f"default {pii_type}", pii_type=pii_type, min_confidence=min_confidence, action=action)


DEFAULTS = (
    # Nobody needs these to deliver an order, and they do the most harm: masked, and kept sealed, so that a mistake can be undone.
    _default(PiiType.CREDIT_CARD, PiiAction.ENCRYPTED, 0.8),
    _default(PiiType.SSN, PiiAction.ENCRYPTED, 0.8),
    _default(PiiType.NATIONAL_ID, PiiAction.ENCRYPTED, 0.8),
    _default(PiiType.IBAN, PiiAction.ENCRYPTED, 0.8),
    # Operators deliver and call back by these.
    _default(PiiType.EMAIL, PiiAction.FLAGGED, 0.5),
    _default(PiiType.PHONE, PiiAction.FLAGGED, 0.5),
    _default(PiiType.ADDRESS, PiiAction.FLAGGED, 0.5),
    _default(PiiType.DATE_OF_BIRTH, PiiAction.FLAGGED, 0.5),
    _default(PiiType.IP_ADDRESS, PiiAction.FLAGGED, 0.5),
)
"""What holds for a type that a tenant has no rule for. Names are not looked for."""
