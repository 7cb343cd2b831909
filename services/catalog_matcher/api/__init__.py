"""The catalog over HTTP."""

from fastapi import APIRouter

from services.catalog_matcher.api import bundles, categories, learned, matching, price_lists, products, variants

router = APIRouter(prefix="/v1")
for part in (products, variants, categories, bundles, price_lists, learned, matching):
    router.include_router(part.router)
