"""What is kept for a while only: deliveries that are done, their events, and whole months of the log of attempts."""

from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta

from libs import retention
from libs.postgres import Connection
from libs.retention import Sweep
from services.webhook_dispatcher import attempt_store
from services.webhook_dispatcher.settings import DispatcherSettings

MONTHS_OF_A_YEAR = 12


def keeps(settings: DispatcherSettings) -> list[Sweep]:
    """Return the sweeps; a delivery goes before the event that it is of."""
    period = timedelta(days=settings.webhook_deliveries_kept_days)

    async def months(connection: Connection) -> AsyncGenerator[int]:
        yield await attempt_store.drop_partitions(connection, kept_from(datetime.now(UTC).date(), settings.webhook_attempts_kept_months))

    return [
        retention.rows("webhook_deliveries", period, since="updated_at", only="status in ('SUCCESS', 'FAILED', 'DEAD', 'HELD')"),
        retention.rows(
            "webhook_events",
            period,
            only="not exists (select from webhook_deliveries d where d.distributor_id = old.distributor_id and d.event_id = old.event_id)",
        ),
        Sweep("webhook_attempts", months),
    ]


def kept_from(today: date, months: int) -> date:
    """Return the first day of the oldest month that is kept: this month, and so many whole ones before it."""
    first = today.year * MONTHS_OF_A_YEAR + today.month - 1 - months
    return date(first // MONTHS_OF_A_YEAR, first % MONTHS_OF_A_YEAR + 1, 1)
