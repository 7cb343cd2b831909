"""Runs accounts."""

from libs import service
from libs.consumer import Handlers
from libs.settings import Settings
from services.accounts import api

CONSUMES: Handlers = {}

if __name__ == "__main__":
    service.run("accounts", Settings(), consumes=CONSUMES, api=api.router)  # pyright: ignore[reportCallIssue] - read from the environment
