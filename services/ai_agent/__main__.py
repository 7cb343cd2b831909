"""Runs ai_agent."""

from libs import service
from libs.consumer import Handlers, InBatches
from libs.settings import Settings
from schemas.message_created import MessageCreated
from services.ai_agent.on_message_created import is_theirs, on_messages_created

CONSUMES: Handlers = {MessageCreated: InBatches(on_messages_created, wanted=is_theirs)}

if __name__ == "__main__":
    service.run("ai_agent", Settings(), consumes=CONSUMES)  # pyright: ignore[reportCallIssue] - read from the environment
