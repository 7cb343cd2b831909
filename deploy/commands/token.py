"""`comanda token`: a token for local use, as the identity provider would issue it."""

from collections.abc import Mapping
from uuid import UUID

from deploy.local.stack import Stack
from libs import auth
from libs.auth import Role
from libs.settings import Settings

PREFIX = "COMANDA_"


def token_for(stack: Stack, distributor_id: UUID, role: Role) -> str:
    """Return a token that the services of `stack` accept for an hour. Raises ValueError where the stack trusts a real identity provider."""
    return auth.issue(settings_of(stack.environment("accounts")), distributor_id, role)


def settings_of(environment: Mapping[str, str]) -> Settings:
    """Return the settings that a service with this environment has."""
    values = {name.removeprefix(PREFIX).lower(): value for name, value in environment.items() if name.startswith(PREFIX)}
    return Settings.model_validate(values)
