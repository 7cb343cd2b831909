"""Every part of the catalog is made, read, changed and deleted by those who may, in the version that they have in hand, and by nobody else."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from libs.auth import Role
from libs.postgres import Pool
from schemas.product_changed import ProductChanged
from tests.consuming import said
from tests.serving import Answer, Api

PRODUCT = {"sku": "A", "name": "Cola", "unit": "case", "unit_price": "12"}
VARIANT = {"variant_name": "330 ml", "variant_type": "VOLUME", "sku": "A-330", "unit_price": "10.50"}
UNIT = {"unit": "can", "factor": "1", "gtin": "12345670"}
CATEGORY = {"name": "Drinks"}
PRICE_LIST = {"name": "Cafés"}

Make = Callable[[Api], Awaitable[tuple[str, dict[str, Any], dict[str, Any], int]]]


async def product(api: Api, **more: Any) -> str:
    return (await api.call("POST", "/v1/products", json=PRODUCT | more)).body["id"]


async def of_products(api: Api) -> tuple[str, dict[str, Any], dict[str, Any], int]:
    return "/v1/products", PRODUCT, {"name": "Kola"}, 200


async def of_variants(api: Api) -> tuple[str, dict[str, Any], dict[str, Any], int]:
    return f"/v1/products/{await product(api)}/variants", VARIANT, {"variant_name": "Can"}, 404


async def of_units(api: Api) -> tuple[str, dict[str, Any], dict[str, Any], int]:
    return f"/v1/products/{await product(api)}/units", UNIT, {"factor": "2"}, 404


async def of_categories(api: Api) -> tuple[str, dict[str, Any], dict[str, Any], int]:
    return "/v1/categories", CATEGORY, {"name": "Soft Drinks"}, 404


async def of_bundles(api: Api) -> tuple[str, dict[str, Any], dict[str, Any], int]:
    bundle = {"name": "Party", "sku": "P", "items": [{"product_id": await product(api), "quantity": "2"}]}
    return "/v1/bundles", bundle, {"pricing_mode": "FIXED", "bundle_price": "20"}, 404


async def of_price_lists(api: Api) -> tuple[str, dict[str, Any], dict[str, Any], int]:
    return "/v1/price-lists", PRICE_LIST, {"name": "Bars"}, 404


PARTS: dict[str, Make] = {
    "products": of_products,
    "variants": of_variants,
    "units": of_units,
    "categories": of_categories,
    "bundles": of_bundles,
    "price lists": of_price_lists,
}


async def etag_of(api: Api, path: str, etag: str | None, method: str, json: object = None) -> Answer:
    """Send a request with If-Match."""
    headers = {"If-Match": etag} if etag else {}
    return await api.call(method, path, json=json, headers=headers)


@pytest.mark.parametrize("make", PARTS.values(), ids=PARTS)
async def test_it_is_made_read_changed_and_deleted_in_the_version_that_the_caller_has(api: Api, make: Make) -> None:
    path, details, change, gone = await make(api)
    made = await api.call("POST", path, role=Role.MANAGER, json=details)
    one = f"{path}/{made.body['id']}"
    read = await api.call("GET", one, role=Role.OPERATOR)

    changed = await etag_of(api, one, read.headers["Etag"], "PATCH", change)
    late = await etag_of(api, one, read.headers["Etag"], "PATCH", change)
    late_too = await etag_of(api, one, read.headers["Etag"], "DELETE")
    listed = await api.call("GET", path, role=Role.OPERATOR)
    deleted = await etag_of(api, one, changed.headers["Etag"], "DELETE")

    assert (made.status, made.headers["Etag"], read.status, read.body) == (201, read.headers["Etag"], 200, made.body)
    assert (changed.status, changed.headers["Etag"] != read.headers["Etag"]) == (200, True)
    assert changed.body != made.body
    assert (late.status, late_too.status, late.headers["Content-Type"]) == (412, 412, "application/problem+json")
    assert listed.body["items"] == [changed.body]
    assert (deleted.status, (await api.call("GET", one)).status) == (204, gone)


@pytest.mark.parametrize("make", PARTS.values(), ids=PARTS)
async def test_the_same_post_sent_again_makes_one(api: Api, make: Make) -> None:
    path, details, _, _ = await make(api)

    first = await api.call("POST", path, json=details, key="once")
    again = await api.call("POST", path, json=details, key="once")
    other = await api.call("POST", path, json=details | {"active": False}, key="once")

    assert (again.status, again.body, again.headers["Etag"]) == (201, first.body, first.headers["Etag"])
    assert other.status == 422
    assert len((await api.call("GET", path)).body["items"]) == 1


@pytest.mark.parametrize("make", PARTS.values(), ids=PARTS)
async def test_another_tenant_finds_and_changes_nothing(api: Api, make: Make) -> None:
    path, details, change, _ = await make(api)
    made = await api.call("POST", path, json=details)
    one, stranger = f"{path}/{made.body['id']}", uuid4()

    answers = [await api.call(method, one, tenant=stranger, json=change if method == "PATCH" else None) for method in ("GET", "PATCH", "DELETE")]

    assert [answer.status for answer in answers] == [404, 404, 404]
    listed = await api.call("GET", path, tenant=stranger)
    assert listed.status == 404 or listed.body["items"] == []
    assert (await api.call("GET", one)).body == made.body


@pytest.mark.parametrize("make", PARTS.values(), ids=PARTS)
async def test_an_operator_reads_and_changes_nothing(api: Api, make: Make) -> None:
    path, details, change, _ = await make(api)
    made = await api.call("POST", path, json=details)
    one = f"{path}/{made.body['id']}"

    assert (await api.call("POST", path, role=Role.OPERATOR, json=details)).status == 403
    assert (await api.call("PATCH", one, role=Role.OPERATOR, json=change)).status == 403
    assert (await api.call("DELETE", one, role=Role.OPERATOR)).status == 403
    assert (await api.call("GET", path, role=None)).status == 401


@pytest.mark.parametrize("make", PARTS.values(), ids=PARTS)
async def test_pages_follow_each_other_until_there_are_no_more(api: Api, make: Make) -> None:
    path, details, _, _ = await make(api)
    for number in range(3):
        names = {name: f"{details[name]}{number}" for name in ("name", "sku", "variant_name", "unit") if name in details}
        assert (await api.call("POST", path, json=details | names)).status == 201

    first = (await api.call("GET", f"{path}?limit=2")).body
    second = (await api.call("GET", f"{path}?limit=2&cursor={first['next']}")).body

    assert (len(first["items"]), len(second["items"]), second["next"]) == (2, 1, None)
    assert len({each["id"] for each in first["items"] + second["items"]}) == 3


async def test_a_change_of_variants_and_units_is_told_with_the_product(api: Api, pool: Pool) -> None:
    cola = await product(api)
    await api.call("POST", f"/v1/products/{cola}/variants", json=VARIANT)
    await api.call("POST", f"/v1/products/{cola}/units", json=UNIT)

    told = await said(pool, api.distributor_id, ProductChanged)

    assert [(len(event.variants), len(event.units)) for event in told] == [(0, 0), (1, 0), (1, 1)]
    assert (told[-1].variants[0].sku, told[-1].units[0].gtin) == ("A-330", "12345670")


async def test_sizes_and_price_differences_follow_from_the_variants(api: Api) -> None:
    cola = await product(api)
    made = await api.call("POST", f"/v1/products/{cola}/variants", json=VARIANT)
    await api.call("POST", f"/v1/products/{cola}/variants", json=VARIANT | {"sku": "A-C", "variant_name": "Cherry", "variant_type": "FLAVOR"})
    after_price = await api.call("PATCH", f"/v1/products/{cola}", json={"unit_price": "10"})
    after = await api.call("GET", f"/v1/products/{cola}/variants/{made.body['id']}")

    assert (made.body["price_difference"], after.body["price_difference"], after.body["unit_price"]) == ("-1.5000", "0.5000", "10.5000")
    assert after_price.body["size_variants"] == [{"name": "330 ml", "sku": "A-330", "aliases": []}]


async def test_a_category_is_not_put_below_itself_nor_deleted_while_something_stands_in_it(api: Api) -> None:
    drinks = (await api.call("POST", "/v1/categories", json=CATEGORY)).body["id"]
    sodas = (await api.call("POST", "/v1/categories", json={"name": "Sodas", "parent_category_id": drinks})).body["id"]

    circle = await api.call("PATCH", f"/v1/categories/{drinks}", json={"parent_category_id": sodas})
    twin = await api.call("POST", "/v1/categories", json={"name": "Sodas", "parent_category_id": drinks})
    full = await api.call("DELETE", f"/v1/categories/{drinks}")

    assert [each.status for each in (circle, twin, full)] == [409, 409, 409]
    assert "below itself" in circle.body["detail"]


@pytest.mark.parametrize(
    "change",
    [
        {"pricing_mode": "FIXED"},
        {"discount_percent": "5"},
        {"items": []},
        {"items": [{"product_id": str(uuid4()), "quantity": "1"}]},
        {"valid_from": "2026-02-01", "valid_to": "2026-01-01"},
        {},
        {"colour": "red"},
    ],
)
async def test_a_bundle_that_makes_no_sense_is_refused_and_stays_as_it_was(api: Api, change: dict[str, Any]) -> None:
    path, details, _, _ = await of_bundles(api)
    made = (await api.call("POST", path, json=details)).body

    answer = await api.call("PATCH", f"{path}/{made['id']}", json=change)

    assert (answer.status, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert (await api.call("GET", f"{path}/{made['id']}")).body == made


async def test_an_item_is_counted_in_a_unit_of_its_product(api: Api) -> None:
    path, details, _, _ = await of_bundles(api)
    [item] = details["items"]

    unknown = await api.call("POST", path, json=details | {"items": [item | {"unit": "keg"}]})
    await api.call("POST", f"/v1/products/{item['product_id']}/units", json={"unit": "keg", "factor": "1"})
    known = await api.call("POST", path, json=details | {"items": [item | {"unit": "keg"}]})

    assert (unknown.status, known.status) == (422, 201)


async def test_the_prices_of_a_list_are_written_together(api: Api) -> None:
    cola = await product(api)
    path = f"/v1/price-lists/{(await api.call('POST', '/v1/price-lists', json=PRICE_LIST)).body['id']}/prices"

    first = await api.call("PUT", path, json=[{"product_id": cola, "unit_price": "9"}])
    again = await api.call("PUT", path, json=[{"product_id": cola, "unit_price": "9"}])
    twice = await api.call("PUT", path, json=[{"product_id": cola, "unit_price": "9"}] * 2)
    foreign = await api.call("PUT", path, json=[{"product_id": str(uuid4()), "unit_price": "9"}])
    stranger = await api.call("PUT", path, tenant=uuid4(), json=[{"product_id": cola, "unit_price": "1"}])
    [price] = (await api.call("GET", path)).body["items"]

    assert (first.body, again.body, twice.status, foreign.status, stranger.status) == ({"written": 1}, {"written": 0}, 422, 422, 404)
    assert price["unit_price"] == "9.0000"
    assert (await api.call("DELETE", f"{path}/{price['id']}", tenant=uuid4())).status == 404
    assert (await api.call("DELETE", f"{path}/{price['id']}")).status == 204
    assert (await api.call("GET", path)).body["items"] == []
