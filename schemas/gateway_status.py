"""What a gateway of your own posts of a message of ours. Its JSON Schema is schemas/json/gateway_status.json."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from schemas.contact import Channel
from schemas.message import MessageStatus

Reached = Literal[MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ, MessageStatus.FAILED]


class GatewayStatus(BaseModel):
    """How far a message has come. Statuses may come late and in any order: none moves a message backwards."""

    model_config = ConfigDict(frozen=True, extra="forbid", title="GatewayStatus")

    status: Reached
    message_id: UUID = Field(description="Ours, as it was in the call that brought you the message")
    id: str | None = Field(default=None, min_length=1, max_length=500, description="Yours, if the answer to that call named one")
    channel: Channel
    to: str = Field(min_length=3, max_length=320, description="Whom it went to, as it was in that call")
    status_at: AwareDatetime
    error_code: str | None = Field(default=None, min_length=1, max_length=100, description="Why it failed; no text that anybody wrote")
