"""A distributor's users read and change its settings and customers, and nobody else's."""

from typing import Any
from uuid import uuid4

import pytest

from libs.auth import Role
from libs.postgres import Pool
from schemas.customer_changed import CustomerChanged
from schemas.distributor_changed import DistributorChanged
from tests.consuming import said
from tests.serving import Api

MARIO: dict[str, Any] = {
    "business_name": "Mario's Pizza",
    "customer_code": "MARIO001",
    "email": "Mario@pizza.example.com",
    "contacts": [{"channel": "WHATSAPP", "address": "+17735550110", "display_name": "Mario"}],
}


async def test_the_own_distributor_is_shown_without_its_secrets(api: Api) -> None:
    answer = await api.call("GET", "/v1/distributor", role=Role.OPERATOR)

    assert answer.status == 200
    assert (answer.body["business_name"], answer.body["ai_confidence_threshold"]) == ("Harbor Foods", "0.700")
    assert not {"webhook_secret", "api_key_hash"} & answer.body.keys()


async def test_a_changed_setting_is_stored_and_told(api: Api, pool: Pool) -> None:
    answer = await api.call("PATCH", "/v1/distributor", role=Role.ADMIN, json={"auto_confirm": False, "order_cutoff_time": "15:30"})

    assert (answer.status, answer.body["auto_confirm"], answer.body["business_name"]) == (200, False, "Harbor Foods")
    last = (await said(pool, api.distributor_id, DistributorChanged))[-1]
    assert (last.auto_confirm, str(last.order_cutoff_time)) == (False, "15:30:00")


async def test_a_patch_that_changes_nothing_says_nothing(api: Api, pool: Pool) -> None:
    answer = await api.call("PATCH", "/v1/distributor", json={"business_name": "Harbor Foods"})

    assert answer.status == 200
    assert len(await said(pool, api.distributor_id)) == 1


@pytest.mark.parametrize(
    "patch",
    [
        {"subscription_tier": "ENTERPRISE"},
        {"status": "ACTIVE"},
        {"max_customers": 9},
        {"id": str(uuid4())},
        {"timezone": "Nowhere"},
        {"business_name": None},
    ],
)
async def test_what_a_distributor_may_not_set_is_refused(api: Api, pool: Pool, patch: dict[str, Any]) -> None:
    answer = await api.call("PATCH", "/v1/distributor", json=patch)

    assert answer.status == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert next(iter(patch)) in str(answer.body["errors"])
    assert len(await said(pool, api.distributor_id)) == 1


async def test_a_customer_is_created_told_and_found(api: Api, pool: Pool) -> None:
    created = await api.call("POST", "/v1/customers", role=Role.MANAGER, json=MARIO)

    assert created.status == 201
    assert (created.body["email"], created.body["status"]) == ("mario@pizza.example.com", "NO_ORDERS_YET")
    assert [contact["address"] for contact in created.body["contacts"]] == ["+17735550110"]
    found = await api.call("GET", f"/v1/customers/{created.body['id']}", role=Role.OPERATOR)
    assert (found.status, found.body) == (200, created.body)
    [event] = await said(pool, api.distributor_id, CustomerChanged)
    assert str(event.customer_id) == created.body["id"]


async def test_the_same_request_sent_again_creates_one_customer(api: Api, pool: Pool) -> None:
    first = await api.call("POST", "/v1/customers", json=MARIO, key="mario")
    again = await api.call("POST", "/v1/customers", json=MARIO, key="mario")
    other = await api.call("POST", "/v1/customers", json=MARIO | {"customer_code": "OTHER"}, key="mario")

    assert again.body == first.body
    assert (first.status, again.status, other.status) == (201, 201, 422)
    assert len(await said(pool, api.distributor_id, CustomerChanged)) == 1


async def test_a_post_without_a_key_is_refused(api: Api) -> None:
    assert (await api.call("POST", "/v1/customers", json=MARIO, key="")).status == 400


@pytest.mark.parametrize(
    "customer",
    [
        MARIO | {"email": "mario"},
        MARIO | {"phone": "773 555 0110"},
        MARIO | {"contacts": [{"channel": "WHATSAPP", "address": "7735550110"}]},
        MARIO | {"contacts": [{"channel": "PIGEON", "address": "+17735550110"}]},
        MARIO | {"contacts": MARIO["contacts"] * 2},
        MARIO | {"total_spent": "1"},
        MARIO | {"avatar_url": "javascript:alert(1)"},
    ],
)
async def test_a_customer_that_makes_no_sense_is_refused(api: Api, pool: Pool, customer: dict[str, Any]) -> None:
    answer = await api.call("POST", "/v1/customers", json=customer)

    assert (answer.status, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert await said(pool, api.distributor_id, CustomerChanged) == []


async def test_a_code_or_an_address_that_is_taken_is_a_conflict(api: Api) -> None:
    await api.call("POST", "/v1/customers", json=MARIO)

    same_code = await api.call("POST", "/v1/customers", json=MARIO | {"contacts": []})
    same_address = await api.call("POST", "/v1/customers", json=MARIO | {"customer_code": "OTHER"})

    assert (same_code.status, same_address.status) == (409, 409)
    assert "customer_code" in same_code.body["detail"]


async def test_a_customer_is_changed_and_told(api: Api, pool: Pool) -> None:
    created = (await api.call("POST", "/v1/customers", json=MARIO)).body

    changed = await api.call("PATCH", f"/v1/customers/{created['id']}", role=Role.MANAGER, json={"delivery_notes": "Back door", "email": None})

    assert (changed.status, changed.body["delivery_notes"], changed.body["email"]) == (200, "Back door", None)
    assert len(changed.body["contacts"]) == 1
    assert [event.delivery_notes for event in await said(pool, api.distributor_id, CustomerChanged)] == [None, "Back door"]


async def test_a_contact_is_added(api: Api, pool: Pool) -> None:
    created = (await api.call("POST", "/v1/customers", json=MARIO)).body
    contact = {"channel": "EMAIL", "address": "Kitchen@pizza.example.com"}

    answer = await api.call("POST", f"/v1/customers/{created['id']}/contacts", role=Role.MANAGER, json=contact)

    assert answer.status == 201
    assert [each["address"] for each in answer.body["contacts"]] == ["kitchen@pizza.example.com", "+17735550110"]
    assert [len(event.contacts) for event in await said(pool, api.distributor_id, CustomerChanged)] == [1, 2]


async def test_customers_come_in_pages_by_their_code(api: Api) -> None:
    for code in ("C", "A", "B"):
        await api.call("POST", "/v1/customers", json={"business_name": "Bistro", "customer_code": code})

    first = (await api.call("GET", "/v1/customers?limit=2")).body
    second = (await api.call("GET", f"/v1/customers?limit=2&cursor={first['next']}")).body

    assert [each["customer_code"] for each in first["items"] + second["items"]] == ["A", "B", "C"]
    assert second["next"] is None


async def test_another_tenant_finds_and_changes_nothing(api: Api, pool: Pool) -> None:
    created, stranger = (await api.call("POST", "/v1/customers", json=MARIO)).body, uuid4()
    path = f"/v1/customers/{created['id']}"

    answers = [
        await api.call("GET", "/v1/distributor", tenant=stranger),
        await api.call("PATCH", "/v1/distributor", tenant=stranger, json={"auto_confirm": False}),
        await api.call("GET", path, tenant=stranger),
        await api.call("PATCH", path, tenant=stranger, json={"business_name": "Stolen"}),
        await api.call("POST", f"{path}/contacts", tenant=stranger, json={"channel": "SMS", "address": "+17735550199"}),
    ]

    assert [answer.status for answer in answers] == [404] * 5
    assert (await api.call("GET", "/v1/customers", tenant=stranger)).body["items"] == []
    assert (await api.call("GET", path)).body == created
    assert await said(pool, stranger) == []


@pytest.mark.parametrize(
    ("method", "path", "role", "status"),
    [
        ("GET", "/v1/distributor", None, 401),
        ("PATCH", "/v1/distributor", Role.MANAGER, 403),
        ("GET", "/v1/customers", None, 401),
        ("POST", "/v1/customers", Role.OPERATOR, 403),
        ("PATCH", f"/v1/customers/{uuid4()}", Role.OPERATOR, 403),
        ("POST", f"/v1/customers/{uuid4()}/contacts", Role.OPERATOR, 403),
    ],
)
async def test_who_may_not_is_refused(api: Api, method: str, path: str, role: Role | None, status: int) -> None:
    assert (await api.call(method, path, role=role, json={})).status == status
