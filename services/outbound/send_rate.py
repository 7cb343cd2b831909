"""How fast an integration may send: what its config says, within bounds, or what its provider usually allows."""

from collections.abc import Mapping
from typing import Any

from schemas.integration_changed import Provider

SLOWEST, FASTEST = 0.01, 1_000.0
USUAL: Mapping[Provider, float] = {
    Provider.META: 80.0,
    Provider.TWILIO: 10.0,
    Provider.SENDGRID: 50.0,
    Provider.MAILGUN: 25.0,
    Provider.POSTMARK: 25.0,
    Provider.GATEWAY: 10.0,
}


def messages_per_second(provider: Provider, config: Mapping[str, Any]) -> float:
    """Return the rate; what is no number in the config counts as not said."""
    match config.get("messages_per_second"):
        case bool():
            return USUAL[provider]
        case int(said) | float(said):
            return min(max(float(said), SLOWEST), FASTEST)
        case _:
            return USUAL[provider]
