"""What decides on a call beside the message: the tenant's terms, its prompts, the prices of the day."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from libs.llm.prices import Price
from schemas.ai_call_recorded import AgentType
from services.ai_agent.calibration import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a distributor allows and promises."""

    timezone: str = "UTC"
    ai_enabled: bool = True
    model_preference: str | None = None
    confidence_threshold: Decimal = Decimal("0.7")
    has_budget: bool = False
    order_cutoff_time: time | None = None
    delivery_weekdays: tuple[int, ...] = ()
    minimum_order_amount: Decimal | None = None
    currency: str = "USD"
    answers_questions: bool = False
    """What support has to say is sent without a person looking at it."""

    def day_of(self, moment: datetime) -> datetime:
        """Return `moment` by the distributor's clock."""
        try:
            return moment.astimezone(ZoneInfo(self.timezone))
        except (ZoneInfoNotFoundError, ValueError):
            return moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A version of what an agent is told to do."""

    version: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that is known of a tenant when a call is made; `terms` None: nobody told us of it, and no model is called."""

    distributor_id: UUID
    terms: Terms | None = None
    prompts: Mapping[AgentType, Prompt] = field(default_factory=dict[AgentType, Prompt])
    shadows: Mapping[AgentType, Prompt] = field(default_factory=dict[AgentType, Prompt])
    prices: Mapping[str, Price] = field(default_factory=dict[str, Price])
    calibrations: Mapping[str, Calibration] = field(default_factory=dict[str, Calibration])
    examples: tuple["Example", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A message and what it meant, as the tenant's people have taught it."""

    agent_type: AgentType
    text: str
    meaning: Mapping[str, object]
