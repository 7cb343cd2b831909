"""What ai_agent is told beyond the shared settings: where models are, if anywhere."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from libs.llm.call import Api
from libs.llm.client import Server
from libs.storage import StorageSettings


class AiModels(BaseSettings):
    """Where models are, and how they are spoken to."""

    model_config = SettingsConfigDict(env_prefix="COMANDA_", extra="ignore")

    ai_model: str | None = Field(default=None, max_length=200, description="Is asked first")
    ai_base_url: str = Field(default="https://api.openai.com/v1", description="Of OpenAI, or of anything that speaks its protocol")
    ai_api_key: SecretStr | None = Field(default=None, description="A server that asks for none takes any")
    ai_api: Api = Field(default=Api.RESPONSES, description="chat, where a compatible server has no /responses")
    ai_small_model: str | None = Field(default=None, max_length=200, description="Is asked where the first gives no answer")
    ai_small_base_url: str | None = Field(default=None, description="Where the small model is, if not at the first one's server")
    ai_small_api_key: SecretStr | None = None
    ai_small_api: Api | None = None
    ai_reads_images: bool = Field(default=False, description="The first model can see: it writes down what pictures of lists say")
    ai_transcription_model: str | None = Field(default=None, max_length=200, description="Writes down voice notes, at the first model's server")
    ai_timeout_seconds: Annotated[float, Field(gt=0, le=120)] = Field(default=20.0, description="For one model, its retries among them")

    @property
    def has_model(self) -> bool:
        """Whether any model is configured."""
        return self.ai_model is not None and self.ai_api_key is not None

    @property
    def server(self) -> Server:
        """Where the first model is."""
        return Server(base_url=self.ai_base_url, api_key=self.ai_api_key or SecretStr("none"), api=self.ai_api)

    @property
    def small_server(self) -> Server:
        """Where the small model is."""
        key = self.ai_small_api_key or (SecretStr("none") if self.ai_small_base_url else self.server.api_key)
        return Server(base_url=self.ai_small_base_url or self.ai_base_url, api_key=key, api=self.ai_small_api or self.ai_api)


class AiAgentSettings(StorageSettings, AiModels):
    """The shared settings, those of the storage, and the models. Without a model the local analyzer does all."""

    ai_local_analyzer: bool = Field(default=True, description="Off: what no model answers is left to a person")
    ai_calls_at_once: Annotated[int, Field(ge=1, le=1_000)] = Field(default=200, description="Conversations that one process asks about at a time")
    ai_summarize_every: Annotated[int, Field(ge=2, le=100)] = Field(default=8, description="Messages of a conversation between two summaries")
    ai_errors_kept_days: Annotated[int, Field(ge=1)] = Field(default=90, description="How long it is known why models gave no answer")
    ai_contexts_kept_days: Annotated[int, Field(ge=1)] = Field(default=30, description="How long a silent conversation is remembered for models")

    @property
    def lease(self) -> timedelta:
        """How long a job may take: each of two models in full for each of three questions, and the time to write down what became of it."""
        return timedelta(seconds=2 * 3 * self.ai_timeout_seconds + 30)
