"""The owners' routes, over real HTTP."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest
import pytest_asyncio
import uvicorn
from standardwebhooks import Webhook

from deploy.demo.stand_ins.receiver import Receiver
from libs import auth
from libs.auth import Role
from libs.postgres import Pool
from libs.service import application
from services.webhook_dispatcher import api
from services.webhook_dispatcher.__main__ import CONSUMES
from services.webhook_dispatcher.deliver_due import deliver_due
from tests.consuming import consume
from tests.webhook_dispatcher.conftest import dispatcher_settings, erased, rows, service_on, until

PATH = "/v1/webhook-endpoints"
WANTED: dict[str, Any] = {"name": "ERP", "url": "https://erp.example.com/hooks", "events": ["customer.erased", "order.confirmed"]}


@dataclass(frozen=True, slots=True)
class Api:
    """The service's API, and who calls it."""

    session: aiohttp.ClientSession
    url: str

    async def call(
        self, method: str, path: str, tenant: UUID | None, body: object = None, key: str | None = None, role: Role = Role.ADMIN
    ) -> tuple[int, Any]:
        """Return the status and the JSON of an answer."""
        headers = {"Authorization": f"Bearer {auth.issue(dispatcher_settings(), tenant, role)}"} if tenant else {}
        headers |= {"Idempotency-Key": key} if key else {}
        async with self.session.request(method, self.url + path, json=body, headers=headers) as response:
            return response.status, await response.json() if response.content_type.endswith("json") else None


@pytest_asyncio.fixture
async def http(pool: Pool) -> AsyncIterator[Api]:
    """The API on a free port, without the rest of the service."""
    service = service_on(pool)
    app = application(service, api.router, lambda: None)
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_config=None))
    running = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    async with aiohttp.ClientSession() as session:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Api(session, f"http://127.0.0.1:{port}")
    server.should_exit = True
    await running


async def test_an_endpoint_is_created_once_and_shows_its_secret_only_then(http: Api, pool: Pool) -> None:
    tenant = uuid4()
    status, created = await http.call("POST", PATH, tenant, WANTED, key="k-1")
    assert status == 201
    assert Webhook(created["auth_value"])
    again = await http.call("POST", PATH, tenant, WANTED, key="k-1")
    assert again == (201, created)
    assert (await http.call("POST", PATH, tenant, WANTED | {"name": "other"}, key="k-1"))[0] == 422

    status, listed = await http.call("GET", PATH, tenant)
    assert [each["id"] for each in listed["items"]] == [created["id"]]
    assert "auth_value" not in listed["items"][0]
    assert "auth_value" not in (await http.call("GET", f"{PATH}/{created['id']}", tenant))[1]
    [row] = await rows(pool, tenant, "webhook_endpoints")
    assert created["auth_value"].encode() not in row["secrets"][0]
    [answer] = await rows(pool, tenant, "idempotency_keys")
    assert created["auth_value"] not in str(answer["response"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"events": []},
        {"events": ["message.matched"]},
        {"events": ["nothing.happened"]},
        {"url": "https://10.0.0.1/"},
        {"url": "ftp://erp.example.com/"},
        {"auth_type": "API_KEY"},
        {"auth_type": "BEARER_TOKEN", "auth_value": "a\r\nX: y"},
        {"auth_type": "NONE", "auth_value": "x"},
        {"auth_value": "too short"},
        {"timeout_seconds": 31},
        {"colour": "blue"},
    ],
)
async def test_what_makes_no_sense_is_refused_with_a_problem(http: Api, pool: Pool, wrong: dict[str, Any]) -> None:
    tenant = uuid4()
    status, problem = await http.call("POST", PATH, tenant, WANTED | wrong, key="k")
    assert (status, problem["status"]) == (422, 422)
    assert not await rows(pool, tenant, "webhook_endpoints")


async def test_only_admins_of_the_tenant_come_in(http: Api) -> None:
    owner, stranger = uuid4(), uuid4()
    _, created = await http.call("POST", PATH, owner, WANTED, key="k")
    one = f"{PATH}/{created['id']}"
    assert (await http.call("GET", PATH, None))[0] == 401
    assert (await http.call("GET", PATH, owner, role=Role.MANAGER))[0] == 403
    assert (await http.call("POST", PATH, owner, WANTED))[0] == 400, "Idempotency-Key is needed"
    for method, path, body in (
        ("GET", one, None),
        ("PATCH", one, {"name": "mine"}),
        ("DELETE", one, None),
        ("GET", f"{one}/deliveries", None),
        ("POST", f"{one}/deliveries/{uuid4()}/redeliver", None),
    ):
        assert (await http.call(method, path, stranger, body))[0] == 404, (method, path)
    assert (await http.call("GET", PATH, stranger))[1] == {"items": [], "next": None}


async def test_an_endpoint_is_changed_and_deleted(http: Api) -> None:
    tenant = uuid4()
    _, created = await http.call("POST", PATH, tenant, WANTED, key="k")
    one = f"{PATH}/{created['id']}"
    status, changed = await http.call("PATCH", one, tenant, {"events": ["order.confirmed"], "retry_attempts": 3, "ordered": True})
    assert (status, changed["events"], changed["retry_attempts"], changed["ordered"], changed["name"]) == (200, ["order.confirmed"], 3, True, "ERP")
    for wrong in ({}, {"name": None}, {"events": []}, {"url": "https://127.0.0.1.nip.io:0x/"}, {"auth_type": "NONE"}):
        assert (await http.call("PATCH", one, tenant, wrong))[0] == 422, wrong
    assert (await http.call("DELETE", one, tenant))[0] == 204
    assert (await http.call("DELETE", one, tenant))[0] == 404


async def test_deliveries_are_listed_page_by_page_and_delivered_again(http: Api, pool: Pool, receiver: Receiver) -> None:
    tenant = uuid4()
    secret = "whsec_" + "C" * 40
    url = receiver.expect("hook", secret)
    _, created = await http.call("POST", PATH, tenant, WANTED | {"url": url, "auth_value": secret}, key="k")
    one = f"{PATH}/{created['id']}"
    events = [erased(tenant) for _ in range(3)]
    await consume(pool, "webhook_dispatcher", CONSUMES, *events)
    service = service_on(pool)
    await deliver_due(service)

    _, first = await http.call("GET", f"{one}/deliveries?limit=2", tenant)
    _, second = await http.call("GET", f"{one}/deliveries?limit=2&cursor={first['next']}", tenant)
    assert [each["event_id"] for each in first["items"] + second["items"]] == [str(event.envelope.id) for event in reversed(events)]
    assert second["next"] is None
    delivered = first["items"][0]
    assert (delivered["status"], delivered["event_data"]["customer_id"]) == ("SUCCESS", str(events[2].customer_id))

    status, again = await http.call("POST", f"{one}/deliveries/{delivered['id']}/redeliver", tenant)
    assert (status, again["status"], again["attempt_number"]) == (202, "PENDING", 0)
    assert await deliver_due(service) == 1
    assert [each.webhook_id for each in receiver.received].count(delivered["event_id"]) == 2


async def test_an_endpoint_that_was_given_up_comes_back_with_what_was_held(http: Api, pool: Pool, receiver: Receiver) -> None:
    tenant = uuid4()
    secret = "whsec_" + "D" * 40
    url = receiver.expect("hook", secret)
    _, created = await http.call("POST", PATH, tenant, WANTED | {"url": url, "auth_value": secret}, key="k")
    receiver.hooks["hook"].status = 410
    service = service_on(pool)
    for _ in range(2):
        await consume(pool, "webhook_dispatcher", CONSUMES, erased(tenant))
        await deliver_due(service)
    assert len(receiver.received) == 1
    receiver.hooks["hook"].status = 200

    status, endpoint = await http.call("PATCH", f"{PATH}/{created['id']}", tenant, {"active": True})

    assert (status, endpoint["active"], endpoint["disabled_at"]) == (200, True, None)
    assert await deliver_due(service) == 2


async def test_a_delivery_under_way_cannot_be_delivered_again(http: Api, pool: Pool, receiver: Receiver) -> None:
    tenant = uuid4()
    secret = "whsec_" + "E" * 40
    url = receiver.expect("hook", secret)
    _, created = await http.call("POST", PATH, tenant, WANTED | {"url": url, "auth_value": secret}, key="k")
    receiver.hooks["hook"].delay_seconds = 5
    await consume(pool, "webhook_dispatcher", CONSUMES, erased(tenant))
    running = asyncio.create_task(deliver_due(service_on(pool)))
    await until(lambda: receiver.hooks["hook"].under_way == 1)
    [delivery] = await rows(pool, tenant, "webhook_deliveries")
    status, _ = await http.call("POST", f"{PATH}/{created['id']}/deliveries/{delivery['id']}/redeliver", tenant)
    running.cancel()
    await asyncio.wait([running])
    assert status == 409
