"""What is agreed about each topic: one YAML file a topic beside this module."""

from enum import StrEnum
from importlib import resources
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator


class Visibility(StrEnum):
    """Whether subscribers outside this installation may rely on the topic."""

    PUBLIC = "public"
    INTERNAL = "internal"


class Cleanup(StrEnum):
    """What the broker keeps: records of some days, or the newest of each key."""

    DELETE = "delete"
    COMPACT = "compact"


class Topic(BaseModel):
    """The agreement about one topic. Producers and consumers are exactly those that exist in the code."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    purpose: str
    owner: str
    visibility: Visibility
    key: str
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    partitions: Annotated[int, Field(ge=1, le=1_000)]
    cleanup: Cleanup
    retention_days: Annotated[int, Field(ge=1)] | None = None
    dead_letters: bool

    @model_validator(mode="after")
    def _retention_belongs_to_delete(self) -> Self:
        if (self.retention_days is None) == (self.cleanup is Cleanup.DELETE):
            raise ValueError("retention_days goes with cleanup: delete, and only with it")
        return self


def load() -> dict[str, Topic]:
    """Return every topic by its name."""
    files = sorted((file for file in resources.files(__name__).iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    topics = (Topic(name=file.name.removesuffix(".yaml"), **yaml.safe_load(file.read_text())) for file in files)
    return {topic.name: topic for topic in topics}
