"""Staff see and teach what customers call products, see what nobody knows, send files and fetch them."""

import io
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from openpyxl import load_workbook

from libs import auth
from libs.auth import Role
from libs.postgres import Pool
from services.catalog_matcher.__main__ import CONSUMES
from services.catalog_matcher.api import router
from services.catalog_matcher.import_due import import_due
from services.catalog_matcher.settings import CatalogMatcherSettings
from tests.catalog_matcher.conftest import AddProduct, analyzed
from tests.catalog_matcher.importing import service_on, settings, workbook
from tests.catalog_matcher.making import confirmed, ordered
from tests.consuming import consume
from tests.serving import Api, serving

CSV = b"sku,name,unit,price\nA,Whole Milk,case,17.90\n"


@pytest.fixture
def told(folder: Path) -> CatalogMatcherSettings:
    """Settings with a folder for files."""
    return settings(folder, import_max_bytes=20_000, http_max_body_bytes=2_000)


@pytest.fixture
async def api(pool: Pool, told: CatalogMatcherSettings) -> AsyncGenerator[Api]:
    """The API with a place for files."""
    async with serving("catalog_matcher", pool, told, router) as calls:
        yield calls


async def send(api: Api, content: bytes, *, key: str = "k", role: Role = Role.MANAGER, query: str = "") -> tuple[int, Any]:
    """Send a file as it is."""
    token = auth.issue(api.settings, api.distributor_id, role)
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key, "Content-Type": "text/csv"}
    async with api.session.post(f"/v1/product-imports{query}", data=content, headers=headers) as response:
        return response.status, await response.json()


async def fetch(api: Api, query: str = "") -> tuple[bytes, str]:
    headers = {"Authorization": f"Bearer {auth.issue(api.settings, api.distributor_id, Role.OPERATOR)}"}
    async with api.session.get(f"/v1/product-exports{query}", headers=headers) as response:
        assert response.status == 200
        return await response.read(), response.headers["Content-Type"]


async def test_a_file_is_taken_in_once_and_its_outcome_can_be_read(api: Api, pool: Pool, told: CatalogMatcherSettings) -> None:
    status, sent = await send(api, CSV + b",no sku,case,1\n", query="?filename=products.csv")
    again = await send(api, CSV + b",no sku,case,1\n", query="?filename=products.csv")
    other, _ = await send(api, CSV, query="?filename=products.csv")
    assert (status, sent["state"], again, other) == (201, "PENDING", (201, sent), 422)

    assert await import_due(service_on(pool, told)) == 1
    assert await import_due(service_on(pool, told)) == 0

    path = f"/v1/product-imports/{sent['id']}"
    done = (await api.call("GET", path, role=Role.OPERATOR)).body
    assert (done["state"], done["created"], done["refused"], done["filename"]) == ("DONE", 1, 1, "products.csv")
    problems = (await api.call("GET", f"{path}/problems?limit=1")).body
    assert [(each["row_number"], each["column_name"]) for each in problems["items"]] == [(3, "sku")]
    assert (await api.call("GET", f"{path}/problems?cursor={problems['next']}")).body["items"] == []
    assert [each["id"] for each in (await api.call("GET", "/v1/product-imports")).body["items"]] == [sent["id"]]


async def test_another_tenant_sees_no_file_of_ours(api: Api) -> None:
    _, sent = await send(api, CSV)
    path, stranger = f"/v1/product-imports/{sent['id']}", uuid4()

    assert (await api.call("GET", path, tenant=stranger)).status == 404
    assert (await api.call("GET", f"{path}/problems", tenant=stranger)).status == 404
    assert (await api.call("GET", "/v1/product-imports", tenant=stranger)).body["items"] == []


@pytest.mark.parametrize(
    ("content", "role", "query", "status"),
    [
        (b"", Role.MANAGER, "", 422),
        (b"x" * 20_001, Role.MANAGER, "", 413),
        (CSV, Role.OPERATOR, "", 403),
        (CSV, Role.MANAGER, "?mapping=[]", 422),
        (CSV, Role.MANAGER, "?mapping={", 422),
    ],
)
async def test_a_file_that_may_not_be_sent_is_refused(api: Api, content: bytes, role: Role, query: str, status: int) -> None:
    assert (await send(api, content, role=role, query=query))[0] == status
    assert (await api.call("GET", "/v1/product-imports")).body["items"] == []


async def test_only_files_may_be_large(api: Api) -> None:
    assert (await send(api, CSV + b"\n" * 3_000))[0] == 201
    assert (await api.call("POST", "/v1/products", json={"sku": "x" * 3_000})).status == 413


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_a_catalog_that_was_written_out_is_read_in_as_it_was(api: Api, pool: Pool, told: CatalogMatcherSettings, form: str) -> None:
    content = workbook(
        ["sku", "name", "unit", "price", "category", "aliases", "case pack", "pack unit", "gtin", "description"],
        ["A", "-Whole Milk", "case", 1.125, "Dairy > Milk", "milk|leche", 4, "gal", "12345670", "-best\nof all"],
        ["B", "Butter", "lb", 3.25, "", "", "", "", "", ""],
    )
    await send(api, content)
    await import_due(service_on(pool, told))
    before = (await api.call("GET", "/v1/products")).body["items"]

    exported, content_type = await fetch(api, f"?format={form}")
    await send(api, exported, key="back")
    await import_due(service_on(pool, told))

    done = (await api.call("GET", "/v1/product-imports")).body["items"]
    assert [(each["state"], each["unchanged"], each["updated"], each["refused"]) for each in done if each["created"] == 0] == [("DONE", 2, 0, 0)]
    assert (await api.call("GET", "/v1/products")).body["items"] == before
    if form == "xlsx":
        assert load_workbook(io.BytesIO(exported)).worksheets[0]["B2"].value == "-Whole Milk"
    assert content_type.split(";")[0] in ("text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")


async def test_an_alias_that_staff_wrote_down_is_matched_for_that_customer(api: Api, add_product: AddProduct) -> None:
    milk, customer = await add_product(api.distributor_id, "A", "Whole Milk"), uuid4()
    wanted = {"customer_id": str(customer), "phrase": "The White Stuff", "product_id": str(milk.id)}

    made = await api.call("POST", "/v1/aliases", role=Role.MANAGER, json=wanted)
    twice = await api.call("POST", "/v1/aliases", json=wanted)
    stranger = await api.call("POST", "/v1/aliases", tenant=uuid4(), json=wanted)
    asked = {"phrases": [{"phrase": "white stuff", "quantity": "2"}], "customer_id": str(customer)}
    [line] = (await api.call("POST", "/v1/match", json=asked)).body["lines"]

    assert (made.status, twice.status, stranger.status) == (201, 409, 404)
    assert (line["match"]["method"], line["match"]["product"]["sku"], line["quantity"], line["unit"]) == ("LEARNED", "A", "2.000", "case")
    assert (await api.call("GET", f"/v1/aliases?customer_id={customer}")).body["items"] == [made.body]
    assert (await api.call("GET", f"/v1/aliases?customer_id={uuid4()}")).body["items"] == []
    path = f"/v1/aliases/{made.body['id']}"
    assert [(await api.call("DELETE", path, tenant=tenant)).status for tenant in (uuid4(), None, None)] == [404, 204, 404]


async def test_what_the_catalog_does_not_know_is_reported_until_it_is_dealt_with(api: Api, pool: Pool) -> None:
    await consume(pool, "catalog_matcher", CONSUMES, analyzed(api.distributor_id, "dragon fruit", "kohlrabi"))
    await consume(pool, "catalog_matcher", CONSUMES, analyzed(api.distributor_id, "kohlrabi"))

    first = (await api.call("GET", "/v1/coverage?limit=1", role=Role.OPERATOR)).body
    second = (await api.call("GET", f"/v1/coverage?limit=1&cursor={first['next']}")).body

    assert [(each["phrase"], each["times"]) for each in first["items"] + second["items"]] == [("kohlrabi", 2), ("dragon fruit", 1)]
    assert (await api.call("GET", "/v1/coverage", tenant=uuid4())).body["items"] == []
    assert [(await api.call("DELETE", "/v1/coverage?phrase=Kohlrabi", tenant=tenant)).status for tenant in (uuid4(), None, None)] == [404, 204, 404]
    assert [each["phrase"] for each in (await api.call("GET", "/v1/coverage")).body["items"]] == ["dragon fruit"]


async def test_staff_see_what_a_customer_bought(api: Api, pool: Pool, add_product: AddProduct) -> None:
    milk, customer = await add_product(api.distributor_id, "A", "Whole Milk"), uuid4()
    await consume(pool, "catalog_matcher", CONSUMES, confirmed(api.distributor_id, customer, ordered(milk, "white", quantity=3)))

    path = f"/v1/customers/{customer}/purchases"
    assert [(each["product_name"], each["quantity"]) for each in (await api.call("GET", path)).body] == [("Whole Milk", "3.000")]
    assert (await api.call("GET", path, tenant=uuid4())).body == []


async def test_products_that_look_like_one_are_shown(api: Api, add_product: AddProduct) -> None:
    for sku, name in (("A", "Whole Milk Gallon"), ("B", "Gallon Whole Milk"), ("C", "Butter")):
        await add_product(api.distributor_id, sku, name)

    [pair] = (await api.call("GET", "/v1/duplicates")).body["items"]

    assert (pair["one"]["sku"], pair["other"]["sku"], pair["reason"]) == ("A", "B", "SAME_NAME")
    assert (await api.call("GET", "/v1/duplicates", tenant=uuid4())).body["items"] == []
