"""`pii.detected`: a stored text holds personal data. The values themselves stay where they are."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from schemas.analysis import Confidence
from schemas.event import Event, Fact


class PiiType(StrEnum):
    """The kinds of personal data that are looked for."""

    EMAIL = "EMAIL"
    PHONE = "PHONE"
    ADDRESS = "ADDRESS"
    SSN = "SSN"
    CREDIT_CARD = "CREDIT_CARD"
    NAME = "NAME"
    DATE_OF_BIRTH = "DATE_OF_BIRTH"
    IBAN = "IBAN"
    NATIONAL_ID = "NATIONAL_ID"
    IP_ADDRESS = "IP_ADDRESS"
    OTHER = "OTHER"


class PiiAction(StrEnum):
    """What was done about a finding."""

    REDACTED = "REDACTED"
    ENCRYPTED = "ENCRYPTED"
    FLAGGED = "FLAGGED"


class PiiFinding(Fact):
    """Where in the text the personal data stands (offsets in characters), and what was done about it."""

    field_name: str
    pii_type: PiiType
    start_offset: int = Field(ge=0)
    end_offset: int = Field(ge=0)
    confidence_score: Confidence
    action_taken: PiiAction


class PiiDetected(Event):
    """The findings in one message."""

    topic = "pii.detected"
    subject_field = "message_id"

    conversation_id: UUID
    message_id: UUID
    findings: tuple[PiiFinding, ...] = Field(min_length=1)
