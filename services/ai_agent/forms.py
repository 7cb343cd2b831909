"""The forms in which models answer."""

from pydantic import Field

from libs.llm.call import Form
from schemas.analysis import Intent, Operation


class LineRead(Form):
    """One product that the message speaks of."""

    operation: Operation = Field(description="add; set: the quantity becomes this; remove; swap: product comes in place of replaces")
    words: str = Field(description="The part of the message that says this, copied exactly")
    quantity: float | None = Field(description="null where the writer named none")
    quantity_max: float | None = Field(description="The upper end of a range such as 3-4 cases")
    unit: str | None = Field(description="Singular English, such as case, dozen, lb; null where the writer named none")
    product: str | None = Field(description="The product in the writer's own words, without quantity and unit; null: the one spoken of last")
    replaces: str | None = Field(description="With swap: the product that goes, in the writer's own words")
    confidence: float = Field(description="0 is a guess, 1 is certain")


class MessageRead(Form):
    """The meaning of one message."""

    intent: Intent
    lines: list[LineRead] = Field(description="Empty where the message is not about products")
    order_complete: bool = Field(description="The writer says that nothing more is to come")
    references: list[str] = Field(description="Earlier orders that are meant, in the writer's own words: the usual, same as last week")
    requested_delivery_date: str | None = Field(description="YYYY-MM-DD, where the message names a day")
    language: str = Field(description="Of the message, ISO 639-1")
    confidence: float = Field(description="That all of this is right: 0 is a guess, 1 is certain")


class Reply(Form):
    """What support has to say to a question."""

    answerable: bool = Field(description="false where the facts do not hold the answer")
    reply: str = Field(description="To the customer, in their language, two sentences at most; empty where it is not answerable")
    facts: list[str] = Field(description="The ids of the facts that the reply rests on")
    confidence: float = Field(description="0 is a guess, 1 is certain")


class Summary(Form):
    """What a conversation has been about so far."""

    summary: str = Field(description="Five sentences at most: who wants what, what is agreed, what is open. No names, numbers or addresses of people")
    confidence: float = Field(description="0 is a guess, 1 is certain")
