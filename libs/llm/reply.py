"""What came back from a server, the same from both endpoints."""

from dataclasses import dataclass

from pydantic import ValidationError

from libs.llm.call import Answer, Answered, CallFailed, ErrorType, Usage

NUL = "\\u0000"
"""As JSON writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A model's words, or why there are none."""

    text: str
    refused: bool
    incomplete: str | None
    """The provider's reason."""
    usage: Usage
    request_id: str | None

    def as_answered(self, form: type[Answer]) -> Answered[Answer]:
        """Return the answer in its form. Raises CallFailed with what was used."""
        if self.refused:
            raise self._failed(ErrorType.REFUSAL, "the model refused to answer")
        if self.incomplete:
            raise self._failed(ErrorType.INCOMPLETE, f"the answer ended early: {self.incomplete}")
        if NUL in self.text:
            raise self._failed(ErrorType.SCHEMA, "the answer holds a NUL character, which cannot be stored")
        try:
            answer = form.model_validate_json(self.text)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            # The places in the form, not the names of fields that a model made up.
            where = ".".join(str(part) for part in first["loc"] if part in form.model_fields)
            raise self._failed(ErrorType.SCHEMA, f"the answer is not in its form: {first['type']} {where}".rstrip()) from None
        return Answered(answer=answer, usage=self.usage, request_id=self.request_id)

    def _failed(self, error_type: ErrorType, detail: str) -> CallFailed:
        return CallFailed(error_type, detail, usage=self.usage, request_id=self.request_id)
