"""What customers write, as it comes in: stored once, given to its tenant, and passed on."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest

from deploy.demo.stand_ins.customer_messages import Json, image_message, text_message, webhook
from libs import crypto
from libs.postgres import Pool
from schemas.contact import Channel, Sender, contact_id, conversation_id
from schemas.distributor_changed import DistributorStatus
from schemas.message import MessageType
from services.ingest.__main__ import CONSUMES
from tests import making
from tests.consuming import consume
from tests.ingest.conftest import Ingest, NewTenant, Tenant, messages, receipts, running

MARIO = "+15550100001"


def text(tenant: Tenant, wamid: str = "wamid.1", written: str = "3 cs whole milk", sender: str = MARIO) -> Json:
    """One text to the tenant's number."""
    return text_message(tenant.number, sender, written, wamid, name="Mario", timestamp=1_795_000_000)


async def test_a_message_of_an_unknown_sender_is_passed_on_with_the_ids_that_follow_from_their_address(
    ingest: Ingest, pool: Pool, tenant: Tenant
) -> None:
    answer = await ingest.tell(text(tenant))

    assert (answer.status, answer.body) == (200, {"status": "stored"})
    (message,) = await messages(pool, tenant)
    contact = contact_id(tenant.distributor_id, Channel.WHATSAPP, MARIO)
    assert message.customer_id is None
    assert message.contact_id == contact
    assert message.conversation_id == conversation_id(tenant.distributor_id, Channel.WHATSAPP, contact)
    assert message.sender == Sender(address=MARIO, display_name="Mario")
    assert (message.channel, message.channel_account, message.integration_id) == (Channel.WHATSAPP, tenant.number, tenant.integration_id)
    assert (message.external_message_id, message.content, message.message_type) == ("wamid.1", "3 cs whole milk", MessageType.TEXT)
    assert message.sent_at.timestamp() == 1_795_000_000


async def test_a_message_of_a_known_contact_is_their_customers(ingest: Ingest, pool: Pool, tenant: Tenant) -> None:
    customer_id = uuid4()
    await consume(pool, "ingest", CONSUMES, making.customer(tenant.distributor_id, customer_id, MARIO))

    await ingest.tell(text(tenant))

    (message,) = await messages(pool, tenant)
    assert message.customer_id == customer_id
    assert message.conversation_id == conversation_id(tenant.distributor_id, Channel.WHATSAPP, customer_id)


async def test_a_contact_of_another_tenant_is_unknown_here(ingest: Ingest, pool: Pool, tenant: Tenant, new_tenant: NewTenant) -> None:
    other = await new_tenant()
    await consume(pool, "ingest", CONSUMES, making.customer(other.distributor_id, uuid4(), MARIO))

    await ingest.tell(text(tenant))

    (message,) = await messages(pool, tenant)
    assert message.customer_id is None


async def test_a_webhook_that_is_delivered_many_times_at_once_is_stored_once(database: str, ingest: Ingest, pool: Pool, tenant: Tenant) -> None:
    body = json.dumps(webhook(text(tenant))).encode()

    async with running(database) as second_process:
        answers = await asyncio.gather(*(each.post_signed(body) for _ in range(10) for each in (ingest, second_process)))
    late = await ingest.post_signed(body)

    assert {answer.status for answer in (*answers, late)} == {200}
    assert len(await receipts(pool, tenant)) == 1
    assert [message.external_message_id for message in await messages(pool, tenant)] == ["wamid.1"]


async def test_a_message_that_stands_twice_in_one_webhook_is_stored_once(ingest: Ingest, pool: Pool, tenant: Tenant) -> None:
    assert (await ingest.tell(text(tenant), text(tenant))).status == 200
    assert len(await receipts(pool, tenant)) == 1
    assert len(await messages(pool, tenant)) == 1


async def test_messages_of_two_tenants_and_a_stranger_in_one_webhook_go_each_to_its_own(
    ingest: Ingest, pool: Pool, tenant: Tenant, new_tenant: NewTenant
) -> None:
    other, stranger = await new_tenant(), Tenant(distributor_id=uuid4(), integration_id=uuid4(), number="404404404")
    changes = [text(whose, f"wamid.{index}") for index, whose in enumerate([tenant, other, stranger, tenant, other, tenant])]

    answer = await ingest.tell(*changes)

    assert answer.status == 200
    for whose, expected in ((tenant, ["wamid.0", "wamid.3", "wamid.5"]), (other, ["wamid.1", "wamid.4"]), (stranger, [])):
        found = await messages(pool, whose)
        assert [message.external_message_id for message in found] == expected
        assert {message.integration_id for message in found} == ({whose.integration_id} if expected else set())
        assert [receipt["external_id"] for receipt in await receipts(pool, whose)] == expected


async def test_what_is_sent_at_the_same_time_is_all_stored(ingest: Ingest, pool: Pool, tenant: Tenant) -> None:
    answers = await asyncio.gather(*(ingest.tell(text(tenant, f"wamid.{index}", sender=f"+1555020{index:04}")) for index in range(60)))
    assert {answer.status for answer in answers} == {200}
    assert {message.external_message_id for message in await messages(pool, tenant)} == {f"wamid.{index}" for index in range(60)}


async def test_an_image_with_a_caption_and_a_text_in_one_webhook_are_two_messages_of_one_conversation(
    ingest: Ingest, pool: Pool, tenant: Tenant
) -> None:
    await ingest.tell(image_message(tenant.number, MARIO, "wamid.1", caption="this cheese", media_id="77"), text(tenant, "wamid.2", "2 of those"))

    image, after = await messages(pool, tenant)
    assert (image.message_type, image.content) == (MessageType.IMAGE, "this cheese")
    assert [(file.external_id, file.mime_type) for file in image.attachments] == [("77", "image/jpeg")]
    assert (after.message_type, after.content, after.attachments) == (MessageType.TEXT, "2 of those", ())
    assert image.conversation_id == after.conversation_id


async def test_a_sender_without_a_number_is_known_by_their_user_id(ingest: Ingest, pool: Pool, tenant: Tenant) -> None:
    change = text(tenant)
    change["value"]["contacts"] = [{"user_id": "US.1349", "profile": {"name": "Mario"}}]
    change["value"]["messages"][0] |= {"from": None, "from_user_id": "US.1349"}

    assert (await ingest.tell(change)).status == 200

    (message,) = await messages(pool, tenant)
    assert message.sender == Sender(address="US.1349", external_user_id="US.1349", display_name="Mario")


@pytest.mark.parametrize("place", [("text", "body"), ("id",), ("from",), ("context", "id"), ("from_user_id",)])
async def test_what_the_database_cannot_hold_is_left_out_of_a_message(place: tuple[str, ...], ingest: Ingest, pool: Pool, tenant: Tenant) -> None:
    change = text(tenant)
    part: Any = change["value"]["messages"][0]
    for name in place[:-1]:
        part = part.setdefault(name, {})
    part[place[-1]] = "\x0015550\x00100001"

    assert (await ingest.tell(change)).status == 200

    (message,) = await messages(pool, tenant)
    assert "15550100001" in message.model_dump_json()
    assert "\\u0000" not in message.model_dump_json()


async def test_a_number_that_the_database_cannot_hold_is_a_number_nobody_knows(ingest: Ingest, pool: Pool, tenant: Tenant) -> None:
    assert (await ingest.tell(text_message("4\x0004", MARIO, "hello", "wamid.1"))).status == 404
    assert (await ingest.tell(text_message("\x00", MARIO, "hello", "wamid.1"))).status == 400
    assert (await ingest.tell(text(tenant))).status == 200


async def test_changes_of_other_fields_are_answered_and_left_alone(ingest: Ingest, pool: Pool, tenant: Tenant) -> None:
    other: Json = {"field": "account_update", "value": {"event": "VERIFIED_ACCOUNT"}}
    assert (await ingest.tell(other)).status == 200
    assert (await ingest.tell(other, text(tenant))).status == 200
    assert len(await messages(pool, tenant)) == 1


async def test_messages_to_a_distributor_who_is_not_served_are_written_down_and_not_passed_on(ingest: Ingest, pool: Pool, tenant: Tenant) -> None:
    await consume(pool, "ingest", CONSUMES, making.distributor(tenant.distributor_id, status=DistributorStatus.INACTIVE))

    answer = await ingest.tell(text(tenant))

    assert answer.status == 200
    assert [receipt["outcome"] for receipt in await receipts(pool, tenant)] == ["IGNORED"]
    assert await messages(pool, tenant) == []


async def test_a_distributor_who_is_still_being_set_up_is_served(ingest: Ingest, pool: Pool, tenant: Tenant) -> None:
    await consume(pool, "ingest", CONSUMES, making.distributor(tenant.distributor_id, status=DistributorStatus.PENDING_SETUP))
    await ingest.tell(text(tenant))
    assert [receipt["outcome"] for receipt in await receipts(pool, tenant)] == ["ACCEPTED"]
    assert len(await messages(pool, tenant)) == 1


async def test_the_raw_message_is_sealed_and_opens_in_its_place_alone(ingest: Ingest, pool: Pool, tenant: Tenant) -> None:
    await ingest.tell(text(tenant, written="a secret recipe"))

    (receipt,) = await receipts(pool, tenant)
    row = b"|".join(value if isinstance(value, bytes) else str(value).encode() for value in receipt.values())
    assert b"secret recipe" not in row
    assert MARIO[1:].encode() not in row
    place = f"inbound_receipts/raw/{tenant.integration_id}/wamid.1"
    assert json.loads(crypto.unseal(ingest.settings.master_key, receipt["raw"], place))["text"] == {"body": "a secret recipe"}
    with pytest.raises(crypto.NotDecryptable):
        crypto.unseal(ingest.settings.master_key, receipt["raw"], place + "2")
