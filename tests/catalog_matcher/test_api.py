"""Users read and change their distributor's catalog, and try phrases on it."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from libs.auth import Role
from libs.postgres import Pool
from schemas.product_changed import ProductChanged
from tests.consuming import said
from tests.serving import Api

MILK: dict[str, Any] = {
    "sku": "HF-1",
    "name": "Whole Milk Gallon",
    "unit": "case",
    "unit_price": "17.90",
    "aliases": ["whole milk", "milk"],
    "brand": "Hollow Creek",
}


async def test_a_product_is_created_told_and_found(api: Api, pool: Pool) -> None:
    created = await api.call("POST", "/v1/products", role=Role.MANAGER, json=MILK)

    assert (created.status, created.body["unit_price"], created.body["aliases"]) == (201, "17.9000", ["whole milk", "milk"])
    found = await api.call("GET", f"/v1/products/{created.body['id']}", role=Role.OPERATOR)
    assert (found.status, found.body) == (200, created.body)
    [event] = await said(pool, api.distributor_id, ProductChanged)
    assert (str(event.product_id), event.sku, event.active) == (created.body["id"], "HF-1", True)


async def test_the_same_request_sent_again_creates_one_product(api: Api, pool: Pool) -> None:
    first = await api.call("POST", "/v1/products", json=MILK, key="milk")
    again = await api.call("POST", "/v1/products", json=MILK, key="milk")

    assert (again.status, again.body) == (201, first.body)
    assert len(await said(pool, api.distributor_id)) == 1


async def test_a_taken_sku_is_a_conflict(api: Api) -> None:
    await api.call("POST", "/v1/products", json=MILK)

    assert (await api.call("POST", "/v1/products", json=MILK)).status == 409


@pytest.mark.parametrize(
    "product",
    [
        MILK | {"unit_price": "-1"},
        MILK | {"unit_price": "1.00001"},
        MILK | {"name": ""},
        MILK | {"aliases": "milk"},
        MILK | {"size_variants": []},
        MILK | {"category_id": str(uuid4())},
        {"sku": "HF-1"},
    ],
)
async def test_a_product_that_makes_no_sense_is_refused(api: Api, pool: Pool, product: dict[str, Any]) -> None:
    answer = await api.call("POST", "/v1/products", json=product)

    assert (answer.status, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert await said(pool, api.distributor_id) == []


async def test_a_product_is_changed_told_and_matched_as_it_is_then(api: Api, pool: Pool) -> None:
    created = (await api.call("POST", "/v1/products", json=MILK)).body
    before = await api.call("POST", "/v1/match", role=Role.OPERATOR, json={"phrases": [{"phrase": "moo juice"}]})

    changed = await api.call("PATCH", f"/v1/products/{created['id']}", role=Role.MANAGER, json={"aliases": ["moo juice"], "unit_price": "18"})

    assert (changed.status, changed.body["unit_price"], changed.body["name"]) == (200, "18.0000", "Whole Milk Gallon")
    assert [event.unit_price for event in await said(pool, api.distributor_id, ProductChanged)] == [Decimal("17.9"), 18]
    after = await api.call("POST", "/v1/match", role=Role.OPERATOR, json={"phrases": [{"phrase": "moo juice"}]})
    [before], [after] = ([line["match"] for line in each.body["lines"]] for each in (before, after))
    assert (before["method"], after["method"], after["product"]["unit_price"]) == ("UNMATCHED", "EXACT_MATCH", "18.0000")


@pytest.mark.parametrize("patch", [{"name": None}, {"unit_price": "much"}, {"id": str(uuid4())}, {"colour": "white"}])
async def test_a_patch_that_makes_no_sense_is_refused(api: Api, patch: dict[str, Any]) -> None:
    created = (await api.call("POST", "/v1/products", json=MILK)).body

    answer = await api.call("PATCH", f"/v1/products/{created['id']}", json=patch)

    assert (answer.status, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert next(iter(patch)) in str(answer.body["errors"])


@pytest.mark.parametrize(
    ("search", "skus"),
    [
        ("", ["A", "B", "C"]),
        ("milk", ["A", "B"]),
        ("WHO mil", ["A"]),
        ("hollow", ["C"]),
        ("moo", ["B"]),
        ("c", ["C"]),
        ("tea", []),
        ("& | ! :*", ["A", "B", "C"]),
    ],
)
async def test_products_are_searched_by_how_words_begin(api: Api, search: str, skus: list[str]) -> None:
    await api.call("POST", "/v1/products", json={"sku": "A", "name": "Whole Milk", "unit": "case", "unit_price": "1"})
    await api.call("POST", "/v1/products", json={"sku": "B", "name": "Oat Milk", "unit": "case", "unit_price": "1", "aliases": ["moo free"]})
    await api.call("POST", "/v1/products", json={"sku": "C", "name": "Butter", "unit": "case", "unit_price": "1", "brand": "Hollow Creek"})

    answer = await api.call("GET", f"/v1/products?search={search.replace('&', '%26')}", role=Role.OPERATOR)

    assert [product["sku"] for product in answer.body["items"]] == skus


async def test_products_come_in_pages_by_their_sku(api: Api) -> None:
    for sku in ("C", "A", "B"):
        await api.call("POST", "/v1/products", json=MILK | {"sku": sku})

    first = (await api.call("GET", "/v1/products?limit=2")).body
    second = (await api.call("GET", f"/v1/products?limit=2&cursor={first['next']}")).body

    assert [each["sku"] for each in first["items"] + second["items"]] == ["A", "B", "C"]
    assert second["next"] is None


async def test_another_tenant_finds_and_changes_nothing(api: Api, pool: Pool) -> None:
    created, stranger = (await api.call("POST", "/v1/products", json=MILK)).body, uuid4()
    path = f"/v1/products/{created['id']}"

    assert (await api.call("GET", path, tenant=stranger)).status == 404
    assert (await api.call("PATCH", path, tenant=stranger, json={"name": "Stolen"})).status == 404
    assert (await api.call("GET", "/v1/products", tenant=stranger)).body["items"] == []
    [line] = (await api.call("POST", "/v1/match", tenant=stranger, json={"phrases": [{"phrase": "whole milk"}]})).body["lines"]
    assert (line["match"]["product"], line["match"]["alternatives"]) == (None, [])
    assert (await api.call("GET", path)).body == created
    assert await said(pool, stranger) == []


@pytest.mark.parametrize(
    ("method", "path", "role", "status"),
    [
        ("GET", "/v1/products", None, 401),
        ("POST", "/v1/match", None, 401),
        ("POST", "/v1/products", Role.OPERATOR, 403),
        ("PATCH", f"/v1/products/{uuid4()}", Role.OPERATOR, 403),
    ],
)
async def test_who_may_not_is_refused(api: Api, method: str, path: str, role: Role | None, status: int) -> None:
    assert (await api.call(method, path, role=role, json={})).status == status
