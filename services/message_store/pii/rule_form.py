"""A rule as its owner writes it, with its limits."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.pii_detected import PiiAction, PiiType
from services.message_store.pii.rules import Rule


class RuleForm(BaseModel):
    """What a rule says. With `pattern` it finds by itself; without, it says what is done about what the recognizers of its type find."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=200)]
    pii_type: PiiType
    pattern: Annotated[
        str | None, Field(min_length=1, max_length=500, description="A regular expression of RE2's; its first group is what is found")
    ] = None
    recognizer: Annotated[str | None, Field(min_length=1, max_length=100, description="Only what this recognizer finds")] = None
    locale: Annotated[str | None, Field(min_length=2, max_length=35, description="Only in messages of this language, or of an unknown one")] = None
    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.5
    action: PiiAction
    keep_value: Annotated[bool, Field(description="Whether what is redacted is kept, sealed; the other actions keep it anyway")] = False
    enabled: bool = True

    @model_validator(mode="after")
    def _finds_something(self) -> Self:
        if self.pattern is not None and self.recognizer is not None:
            raise ValueError("a rule has a pattern or a recognizer, not both")
        if self.pii_type == PiiType.OTHER and self.pattern is None:
            raise ValueError("no recognizer finds OTHER: give a pattern")
        return self

    def rule(self) -> Rule:
        """Return the rule."""
        return Rule(**dict(self))
