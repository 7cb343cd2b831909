"""The values that a message can have: its type and its status."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

Content = Annotated[str, Field(max_length=20_000, description="The text as written; empty where only a file was sent")]


class MessageType(StrEnum):
    """What kind of message it is."""

    TEXT = "TEXT"
    IMAGE = "IMAGE"
    AUDIO = "AUDIO"
    FILE = "FILE"
    ORDER_CONTEXT = "ORDER_CONTEXT"
    INTERACTIVE = "INTERACTIVE"
    LOCATION = "LOCATION"
    TEMPLATE = "TEMPLATE"


class MessageStatus(StrEnum):
    """How far a message has come. A status never moves back in this order; FAILED is final."""

    RECEIVED = "RECEIVED"
    QUEUED = "QUEUED"
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    READ = "READ"
    FAILED = "FAILED"
