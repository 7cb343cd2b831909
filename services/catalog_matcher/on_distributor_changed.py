"""What day it is where a tenant is: our copy follows its time zone."""

from libs.postgres import Transaction
from schemas.distributor_changed import DistributorChanged
from services.catalog_matcher import copies


async def on_distributor_changed(event: DistributorChanged, tx: Transaction) -> None:
    """Keep a tenant's time zone; an older word than the one we have changes nothing."""
    await copies.upsert_distributor(tx, event)
