"""A distributor: the tenant, and how it wants to be served."""

from datetime import datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from schemas.analysis import Confidence
from schemas.distributor_changed import DistributorChanged, DistributorStatus
from schemas.order import Total
from services.accounts.fields import Language, Line, Mail, Phone, Text, Timezone

Limit = Annotated[int, Field(ge=0, le=2**31 - 1)]


class SubscriptionTier(StrEnum):
    """What a distributor pays for."""

    FREE = "FREE"
    BASIC = "BASIC"
    PREMIUM = "PREMIUM"
    ENTERPRISE = "ENTERPRISE"


class SubscriptionStatus(StrEnum):
    """Whether it is paid."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    CANCELLED = "CANCELLED"


class DistributorSettings(BaseModel):
    """What a distributor decides itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    business_name: Line
    billing_email: Mail | None = None
    contact_name: Line | None = None
    contact_email: Mail | None = None
    contact_phone: Phone | None = None
    address: Text | None = None
    timezone: Timezone = "UTC"
    locale: Language = "en"
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "USD"
    ai_enabled: bool = True
    ai_model_preference: Line | None = Field(default=None, description="None: the installation's choice")
    ai_confidence_threshold: Confidence = Decimal("0.7")
    monthly_ai_budget_usd: Annotated[Total, Field(ge=0)] | None = None
    onboarding_completed: bool = False
    order_cutoff_time: time | None = None
    delivery_weekdays: tuple[Annotated[int, Field(ge=1, le=7)], ...] = Field(default=(1, 2, 3, 4, 5), max_length=7, description="ISO, 1 is Monday")
    minimum_order_amount: Annotated[Total, Field(ge=0)] | None = None
    auto_confirm: bool = True
    data_retention_days: Annotated[int, Field(ge=1, le=36_500)] | None = None


class NewDistributor(DistributorSettings):
    """A distributor that is to be written under a known id: its settings, and what the installation's operator grants it."""

    id: UUID
    subdomain: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
    domain: Line | None = None
    subscription_tier: SubscriptionTier = SubscriptionTier.FREE
    subscription_status: SubscriptionStatus = SubscriptionStatus.ACTIVE
    status: DistributorStatus = DistributorStatus.ACTIVE
    max_customers: Limit | None = None
    max_monthly_messages: Limit | None = None
    max_monthly_ai_requests: Limit | None = None


class Distributor(NewDistributor):
    """A distributor as it is kept; its secrets stay in the database."""

    created_at: datetime
    updated_at: datetime

    def changed(self) -> DistributorChanged:
        """Return the event that tells others of this distributor."""
        return DistributorChanged(
            distributor_id=self.id,
            occurred_at=self.updated_at,
            **self.model_dump(include=set(DistributorChanged.model_fields) - {"distributor_id", "occurred_at"}),
        )
