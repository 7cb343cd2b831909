"""Runs accounts."""

from libs import service
from libs.consumer import Handlers
from libs.settings import Settings
from schemas.contact_linked import ContactLinked
from services.accounts import api
from services.accounts.on_contact_linked import on_contact_linked

CONSUMES: Handlers = {ContactLinked: on_contact_linked}

if __name__ == "__main__":
    service.run("accounts", Settings(), consumes=CONSUMES, api=api.router)  # pyright: ignore[reportCallIssue] - read from the environment
