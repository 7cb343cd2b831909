"""Runs catalog_matcher."""

from libs import service
from libs.consumer import Handlers, InBatches
from libs.settings import Settings
from schemas.message_analyzed import MessageAnalyzed
from services.catalog_matcher import api
from services.catalog_matcher.on_message_analyzed import on_messages_analyzed

CONSUMES: Handlers = {MessageAnalyzed: InBatches(on_messages_analyzed)}

if __name__ == "__main__":
    service.run("catalog_matcher", Settings(), consumes=CONSUMES, api=api.router)  # pyright: ignore[reportCallIssue] - read from the environment
