"""Values that people type, checked where they enter."""

from typing import Annotated
from zoneinfo import ZoneInfo

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field, StringConstraints


def _mail(text: str) -> str:
    try:
        return validate_email(text, check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None


def _timezone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (KeyError, ValueError, OSError):
        raise ValueError("must be a time zone such as America/Chicago") from None


Phone = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$"), Field(description="E.164: plus sign, country, number, nothing else")]
Mail = Annotated[str, StringConstraints(max_length=320), AfterValidator(_mail)]
"""A mail address, kept in lower case. Whether anybody reads it is not looked up."""
Timezone = Annotated[str, StringConstraints(max_length=100), AfterValidator(_timezone)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35), Field(description="BCP 47: en, es-MX")]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2_000)]
