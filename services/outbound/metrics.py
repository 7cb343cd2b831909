"""What outbound counts of what it sends."""

from prometheus_client import Counter, Histogram

ATTEMPTS = Counter(
    "comanda_outbound_messages_total",
    "Attempts to send our messages, by provider, integration and outcome (sent, retried, failed)",
    ["provider", "integration", "outcome"],
)
CALL_SECONDS = Histogram(
    "comanda_outbound_call_seconds",
    "How long a provider took to answer, or to give no answer",
    ["provider"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15),
)
