"""`distributor.changed`: a tenant's settings, as they are now. Compacted."""

from datetime import time
from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from schemas.analysis import Confidence
from schemas.event import Event


class DistributorStatus(StrEnum):
    """Whether a distributor is served."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    PENDING_SETUP = "PENDING_SETUP"


class DistributorChanged(Event):
    """The settings that other services act on."""

    topic = "distributor.changed"
    subject_field = "distributor_id"
    key_fields = ("distributor_id",)

    business_name: str
    status: DistributorStatus
    timezone: str
    locale: str
    currency: str = Field(min_length=3, max_length=3)
    ai_enabled: bool
    ai_model_preference: str | None
    ai_confidence_threshold: Confidence
    monthly_ai_budget_usd: Decimal | None
    max_monthly_ai_requests: int | None
    order_cutoff_time: time | None
    delivery_weekdays: tuple[int, ...] = Field(description="ISO weekdays, 1 is Monday")
    minimum_order_amount: Decimal | None
    auto_confirm: bool
    data_retention_days: int | None
