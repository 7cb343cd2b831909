"""What a model is asked, what it answers, and how a call can fail."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict


class Form(BaseModel):
    """The form of an answer. Every field is required, as strict schemas demand: what may be missing is `X | None`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Answer = TypeVar("Answer", bound=Form)


class Api(StrEnum):
    """Which of OpenAI's endpoints a server is spoken to by; many compatible ones know the second alone."""

    RESPONSES = "responses"
    CHAT = "chat"


class ErrorType(StrEnum):
    """Why a model gave no answer that can be used."""

    TIMEOUT = "TIMEOUT"
    RATE_LIMIT = "RATE_LIMIT"
    REFUSAL = "REFUSAL"
    INCOMPLETE = "INCOMPLETE"
    SCHEMA = "SCHEMA"
    BUDGET = "BUDGET"
    UNAVAILABLE = "UNAVAILABLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens, as the provider counts them; cached ones are among the input, reasoning ones among the output."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    minutes: Decimal = Decimal(0)
    """Of speech."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio:
    """Speech that is to be written down."""

    content: bytes = field(repr=False)
    mime_type: str


class Transcript(Form):
    """What a picture shows or a voice says, in its own words."""

    text: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Question(Generic[Answer]):
    """What a model is asked: fixed instructions, examples of question and answer, and the data to work on."""

    model: str
    instructions: str
    text: str
    answer: type[Answer]
    examples: tuple[tuple[str, str], ...] = ()
    images: tuple[str, ...] = field(default=(), repr=False)
    """As data: URLs."""
    audio: Audio | None = None
    """With it all else is left out, and the answer is a Transcript."""
    most_output_tokens: int = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Generic[Answer]):
    """A model's answer in its form, what it used, and the provider's name of the call."""

    answer: Answer
    usage: Usage
    request_id: str | None


class CallFailed(Exception):
    """A model gave no usable answer. `detail` is ours or the provider's code, never what anybody wrote."""

    def __init__(
        self,
        error_type: ErrorType,
        detail: str,
        *,
        retryable: bool = False,
        attempts: int = 1,
        usage: Usage | None = None,
        cost_unknown: bool = False,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        """`cost_unknown`: the provider may have worked, and charge for it, although nothing came back."""
        super().__init__(detail)
        self.error_type = error_type
        self.detail = detail
        self.retryable = retryable
        self.attempts = attempts
        self.usage = usage
        self.cost_unknown = cost_unknown
        self.request_id = request_id
        self.retry_after = retry_after
