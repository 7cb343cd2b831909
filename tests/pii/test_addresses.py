"""Addresses in the forms of several countries, and goods that are called like streets."""

import pytest

from libs.pii import detect
from schemas.pii_detected import PiiType

WHOLE = [
    ("ship to 45 Main Street, Springfield, IL 62704 please", "45 Main Street, Springfield, IL 62704"),
    ("1600 N Pennsylvania Ave NW Suite 200", "1600 N Pennsylvania Ave NW Suite 200"),
    ("we are at 12 west 45th street new york ny 10036", "12 west 45th street new york ny 10036"),
    ("221B Baker Street, London NW1 6XE", "221B Baker Street, London NW1 6XE"),
    ("10 High Road, Leeds", "10 High Road, Leeds"),
    ("P.O. Box 108", "P.O. Box 108"),
    ("Calle Mayor 14, 28013 Madrid", "Calle Mayor 14, 28013"),
    ("vivo en avenida de la paz 1450", "avenida de la paz 1450"),
    ("entregar en Carrera 7 # 71-21", "Carrera 7 # 71-21"),
    ("Rua das Flores, 120, apto 31", "Rua das Flores, 120, apto 31"),
    ("Av. Paulista 1578 - São Paulo", "Av. Paulista 1578"),
    ("Lindenstraße 14, 10969 Berlin", "Lindenstraße 14, 10969"),
    ("17 rue de Rivoli", "17 rue de Rivoli"),
    ("Via Garibaldi 22", "Via Garibaldi 22"),
    ("my zip code is 90210", "90210"),
    ("apt 12B", "apt 12B"),
]

GOODS = """
3 St. Louis ribs
12 St Louis style ribs
2 cs Court bouillon, 3 lane cakes
4 cs dr pepper 2 liters
24 park avenue rolls
10 Boulevard wheat kegs
10 Rocky Road
2 cs Rocky Road
6 Wall Street Pale Ale
12 State Street Coffee
deliver to the back door at 6
5 broadway bagels
12 way mix
2 cs drive thru cups
15 lb Country Club ham
3 cases via Veneto prosecco
10 plaza napkins
2 av oil
20 lb square cut shoulder
5 place settings
2 cajas de vino de la calle
send it to the store at 5 please
1 box 40 lb bananas
2 caixas de rua nova
order for 12 units of suite soap
""".strip().splitlines()


def found(text: str) -> list[str]:
    return [text[each.start : each.end] for each in detect(text, {PiiType.ADDRESS})]


@pytest.mark.parametrize(("text", "address"), WHOLE)
def test_an_address_is_found_with_what_belongs_to_it(text: str, address: str) -> None:
    [whole] = found(text)
    assert address in whole
    assert len(whole) <= len(address) + len(", Madrid Berlin")


@pytest.mark.parametrize("text", GOODS)
def test_goods_are_no_addresses(text: str) -> None:
    assert found(text) == []


def test_a_phone_beside_an_address_stays_a_phone() -> None:
    text = "45 Main Street, Springfield, IL 62704 call 212-555-0100"
    assert [(each.type, text[each.start : each.end]) for each in detect(text)] == [
        (PiiType.ADDRESS, "45 Main Street, Springfield, IL 62704"),
        (PiiType.PHONE, "212-555-0100"),
    ]
