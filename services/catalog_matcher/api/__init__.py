"""The catalog over HTTP."""

from fastapi import APIRouter

from services.catalog_matcher.api import bundles, categories, imports, learned, matching, price_lists, products, variants

router = APIRouter(prefix="/v1")
for part in (products, variants, categories, bundles, price_lists, learned, matching, imports):
    router.include_router(part.router)
