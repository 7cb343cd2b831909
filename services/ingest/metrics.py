"""What ingest counts of what providers send."""

from prometheus_client import Counter, Gauge

WEBHOOK_ITEMS = Counter(
    "comanda_webhook_items_total",
    "What providers sent, by integration and outcome (received, repeated, ignored, refused); of a refused call that names no integration it is empty",
    ["provider", "integration", "outcome"],
)
INTEGRATIONS = Gauge("comanda_integrations", "Integrations of all tenants, by provider and status (ACTIVE, ERROR, …)", ["provider", "status"])
