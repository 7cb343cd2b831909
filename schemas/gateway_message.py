"""What a gateway of your own posts: a message of a customer, whatever network it came over. Its JSON Schema is schemas/json/gateway_message.json."""

import re
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from schemas.attachment import Attachment
from schemas.contact import Channel
from schemas.message import CartItem, Content, MessageType

E164 = re.compile(r"\+[1-9]\d{6,14}")
MAIL_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+")


class GatewayMessage(BaseModel):
    """One message. `id` names it for ever: the same id again is the same message, and is stored once."""

    model_config = ConfigDict(frozen=True, extra="forbid", title="GatewayMessage")

    id: str = Field(min_length=1, max_length=500)
    channel: Channel
    account: str | None = Field(default=None, min_length=1, max_length=320, description="The side of yours that was written to: a number, a mailbox")
    sender: str = Field(min_length=3, max_length=320, description="An E.164 number with its plus sign (WHATSAPP, SMS), or a mail address (EMAIL)")
    sender_name: str | None = Field(default=None, max_length=200)
    type: MessageType = MessageType.TEXT
    text: Content = ""
    subject: str | None = Field(default=None, max_length=1_000, description="Of a mail")
    attachments: tuple[Attachment, ...] = Field(default=(), max_length=50)
    choice_id: str | None = Field(default=None, max_length=256, description="What the button or list row that was chosen stands for")
    cart: tuple[CartItem, ...] = Field(default=(), max_length=500)
    reply_to: str | None = Field(default=None, max_length=500, description="The id of the message that this one answers")
    sent_at: AwareDatetime = Field(description="When the customer sent it")

    @model_validator(mode="after")
    def _sender_fits_the_channel(self) -> Self:
        if self.channel is Channel.EMAIL:
            if not MAIL_ADDRESS.fullmatch(self.sender):
                raise ValueError("sender must be a mail address where channel is EMAIL")
        elif not E164.fullmatch(self.sender):
            raise ValueError("sender must be an E.164 number such as +15550100001 where channel is WHATSAPP or SMS")
        return self

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.text or self.subject or self.attachments or self.choice_id or self.cart):
            raise ValueError("a message must have at least one of text, subject, attachments, choice_id and cart")
        return self
