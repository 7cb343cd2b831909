"""Files of products, and a process that takes them in."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from openpyxl import Workbook

from libs import postgres
from libs.postgres import Pool
from libs.service import Service
from services.catalog_matcher.settings import CatalogMatcherSettings
from tests.consuming import nowhere


def settings(folder: Path, **more: Any) -> CatalogMatcherSettings:
    """Settings of a catalog_matcher that keeps its files in `folder`."""
    return CatalogMatcherSettings.model_validate(nowhere().model_dump() | {"storage_folder": folder} | more)


def service_on(pool: Pool, told: CatalogMatcherSettings) -> Service:
    """A process of catalog_matcher as its job sees it."""
    service = Service("catalog_matcher", told, {}, [])
    service._pool = pool  # pyright: ignore[reportPrivateUsage] - what its run() would open
    return service


def workbook(*rows: Sequence[Any]) -> bytes:
    """An Excel workbook with these rows."""
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(list(row))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


async def make_due(pool: Pool, tenant: UUID) -> None:
    """Let no pause and no lease hold back what waits."""
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await tx.execute("update product_imports set run_after = now(), locked_until = '-infinity' where state = 'PENDING'")
