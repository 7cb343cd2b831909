"""Addresses are checked where they enter."""

import pytest
from pydantic import ValidationError

from schemas.contact import Channel
from services.accounts.customer import CustomerToCreate, NewContact
from services.accounts.distributor import DistributorSettings


@pytest.mark.parametrize(
    ("channel", "written", "kept"),
    [
        (Channel.WHATSAPP, "+17735550110", "+17735550110"),
        (Channel.SMS, "+4915112345678", "+4915112345678"),
        (Channel.EMAIL, "Chef@Bistro.Example.COM", "chef@bistro.example.com"),
    ],
)
def test_an_address_is_kept_in_one_form(channel: Channel, written: str, kept: str) -> None:
    assert NewContact(channel=channel, address=written).address == kept


@pytest.mark.parametrize(
    ("channel", "address"),
    [
        (Channel.WHATSAPP, "17735550110"),
        (Channel.WHATSAPP, "+1 773 555 0110"),
        (Channel.WHATSAPP, "+0123456789"),
        (Channel.WHATSAPP, "+1234567890123456"),
        (Channel.WHATSAPP, "chef@bistro.example.com"),
        (Channel.SMS, ""),
        (Channel.EMAIL, "+17735550110"),
        (Channel.EMAIL, "chef@"),
        (Channel.EMAIL, "chef bistro.example.com"),
    ],
)
def test_an_address_of_another_form_is_refused(channel: Channel, address: str) -> None:
    with pytest.raises(ValidationError, match=f"is no address of {channel}"):
        NewContact(channel=channel, address=address)


def test_the_same_address_cannot_be_named_twice() -> None:
    contact = {"channel": "EMAIL", "address": "chef@bistro.example.com"}
    with pytest.raises(ValidationError, match="same channel and address"):
        CustomerToCreate.model_validate({"business_name": "Bistro", "customer_code": "B", "contacts": [contact, contact]})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("timezone", "Chicago"),
        ("timezone", "../etc/passwd"),
        ("currency", "usd"),
        ("ai_confidence_threshold", "1.1"),
        ("delivery_weekdays", [0]),
        ("locale", "English"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        DistributorSettings.model_validate({"business_name": "Harbor Foods", field: value})
