"""What the local stack tells its services by their environment."""

import base64
import os
import secrets
from collections.abc import Mapping

from deploy.local.ports import HOST
from deploy.local.remembered import Remembered

PROVIDER = "whatsapp_provider"
"""The name under which the port of the stand-in for WhatsApp's API is remembered."""
CARRIERS = "carriers"
"""The name under which that of the stand-in for the other providers' APIs is."""
_CARRIERS_URLS = ("TWILIO_API_URL", "SENDGRID_API_URL", "MAILGUN_API_URL", "MAILGUN_EU_API_URL", "POSTMARK_API_URL")


def database_password(remembered: Remembered) -> str:
    """Return the password of the services' database roles."""
    return remembered.text("database_password", lambda: secrets.token_urlsafe(24))


def service_environment(name: str, remembered: Remembered, database_host: str, kafka: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of the service `name`: where its servers are is ours to say, all else the user's own variables may override."""
    return {
        **_defaults(remembered),
        **os.environ,
        **kafka,
        "COMANDA_DATABASE_URL": f"postgresql://{name}:{database_password(remembered)}@{database_host}/{name}",
        "COMANDA_HTTP_HOST": HOST,
        "COMANDA_HTTP_PORT": str(remembered.port(name)),
        "PYTHONUNBUFFERED": "1",
    }


def _defaults(remembered: Remembered) -> dict[str, str]:
    defaults = {
        "COMANDA_LOG_LEVEL": "info",
        "COMANDA_MASTER_KEY": remembered.text("master_key", lambda: base64.b64encode(secrets.token_bytes(32)).decode()),
        "COMANDA_JWT_ISSUER": "comanda",
        "COMANDA_JWT_AUDIENCE": "authenticated",
        "COMANDA_WHATSAPP_APP_SECRET": remembered.text("whatsapp_app_secret", lambda: secrets.token_hex(16)),
        "COMANDA_WHATSAPP_VERIFY_TOKEN": remembered.text("whatsapp_verify_token", lambda: secrets.token_urlsafe(16)),
        "COMANDA_WHATSAPP_ACCESS_TOKEN": remembered.text("whatsapp_access_token", lambda: secrets.token_urlsafe(16)),
        "COMANDA_WHATSAPP_API_URL": f"http://{HOST}:{remembered.port(PROVIDER)}",
        "COMANDA_PUBLIC_URL": f"http://{HOST}:{remembered.port('ingest')}",
        "COMANDA_WEBHOOK_ALLOW_LOOPBACK": "true",
        "COMANDA_MEDIA_ALLOW_LOOPBACK": "true",
        **{f"COMANDA_{name}": f"http://{HOST}:{remembered.port(CARRIERS)}" for name in _CARRIERS_URLS},
        "COMANDA_GATEWAY_ALLOW_LOOPBACK": "true",
        # A machine that runs everything may take its time.
        "COMANDA_ANSWER_WITHIN_SECONDS": "5",
    }
    if "COMANDA_JWKS_URL" not in os.environ:
        defaults["COMANDA_JWT_SECRET"] = remembered.text("jwt_secret", lambda: secrets.token_urlsafe(32))
    return defaults
