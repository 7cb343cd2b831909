"""Others are told of products that changed, with their variants and units."""

from collections.abc import Iterable
from uuid import UUID

from libs import outbox
from libs.postgres import Transaction
from services.catalog_matcher import store


async def tell(tx: Transaction, distributor_id: UUID, product_ids: Iterable[UUID]) -> None:
    """Enqueue product.changed for these products, in the transaction that changed them."""
    changed = await store.select_changed(tx, distributor_id, product_ids)
    await outbox.enqueue(tx, *changed)
