"""Webhooks reach public addresses and no others, whatever name leads there."""

import pytest

from deploy.demo.stand_ins.receiver import Receiver
from libs.public_addresses import is_allowed, why_not
from services.webhook_dispatcher import call, signing
from services.webhook_dispatcher.domain import Answer, NoAnswer

PRIVATE = (
    "0.0.0.0 10.0.0.1 100.64.0.1 127.0.0.1 169.254.169.254 172.16.0.1 192.0.0.1 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.51.100.1 "
    "203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255 :: ::1 ::10.0.0.1 ::ffff:10.0.0.1 ::ffff:127.0.0.1 64:ff9b::a00:1 100::1 2001:0:1::1 "
    "2001:db8::1 2002:a00:1:: 3fff::1 5f00::1 fc00::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1 ff0e::1"
)


@pytest.mark.parametrize("address", PRIVATE.split())
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not is_allowed(address, allow_loopback=False)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_a_public_address_is_allowed(address: str) -> None:
    assert is_allowed(address, allow_loopback=False)


@pytest.mark.parametrize(
    ("address", "allowed"), [("127.0.0.1", True), ("::1", True), ("::ffff:127.0.0.1", True), ("10.0.0.1", False), ("169.254.169.254", False)]
)
def test_a_local_stack_allows_loopback_alone(address: str, *, allowed: bool) -> None:
    assert is_allowed(address, allow_loopback=True) is allowed


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://hooks.example.com/comanda?x=1", True),
        ("https://8.8.8.8/", True),
        ("http://hooks.example.com/", False),
        ("https://10.0.0.1/", False),
        ("https://[::1]/", False),
        ("https://user:password@hooks.example.com/", False),
        ("https:///nowhere", False),
        ("https://[broken/", False),
        ("https://hooks.example.com:99999/", False),
        ("https://hooks.example.com/a b", False),
        ("https://hooks.example.com/\r\nX: y", False),
        ("file:///etc/passwd", False),
    ],
)
def test_an_address_is_judged_by_its_text_first(url: str, *, good: bool) -> None:
    assert (why_not(url, allow_loopback=False) is None) is good


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1"])
async def test_no_name_nor_number_for_this_machine_is_connected_to(host: str, receiver: Receiver) -> None:
    url = receiver.expect("here", signing.new_secret()).replace("127.0.0.1", host)
    async with call.open_session(1, allow_loopback=False) as session:
        answer = await call.post(session, url, {}, b"{}", 5)
    assert isinstance(answer, NoAnswer)
    assert receiver.refused == 0, "an unsigned call that arrives is counted as refused"


async def test_this_machine_is_connected_to_where_loopback_is_allowed(receiver: Receiver) -> None:
    url = receiver.expect("here", signing.new_secret()).replace("127.0.0.1", "localhost")
    async with call.open_session(1, allow_loopback=True) as session:
        answer = await call.post(session, url, {}, b"{}", 5)
    assert isinstance(answer, Answer)
    assert (answer.status, receiver.refused) == (401, 1)


async def test_the_log_says_why_an_address_was_refused() -> None:
    async with call.open_session(1, allow_loopback=False) as session:
        assert await call.post(session, "http://localhost:1/", {}, b"{}", 5) == NoAnswer("the address is not public")
