"""`ai.call_recorded`: a model was called; what it cost is booked by `ai_agent`, whoever called."""

from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from schemas.event import Event


class AgentType(StrEnum):
    """The jobs that a model is called for."""

    ORDER_PROCESSING = "ORDER_PROCESSING"
    CUSTOMER_SUPPORT = "CUSTOMER_SUPPORT"
    MESSAGE_ANALYSIS = "MESSAGE_ANALYSIS"
    CONTEXT_MANAGER = "CONTEXT_MANAGER"


class AiCallRecorded(Event):
    """One call of a model: tokens, cost and time."""

    topic = "ai.call_recorded"
    subject_field = "call_id"

    call_id: UUID
    conversation_id: UUID
    message_id: UUID | None
    agent_type: AgentType
    model: str
    prompt_version: str
    input_tokens: int = Field(ge=0)
    cached_tokens: int = Field(ge=0)
    output_tokens: int = Field(ge=0)
    reasoning_tokens: int = Field(ge=0)
    cost_usd: Decimal = Field(ge=0)
    processing_time: int = Field(ge=0, description="Milliseconds")
    succeeded: bool
