"""Numbers of persons, and numbers of trade that only look like them."""

import pytest

from libs.pii import DEFAULT_TYPES, detect
from schemas.pii_detected import PiiType

FOUND = [
    ("call me at 555-0100", PiiType.PHONE, "555-0100"),
    ("my cell is 212 555 0100, thanks", PiiType.PHONE, "212 555 0100"),
    ("(212) 555-0100 ext. 12", PiiType.PHONE, "(212) 555-0100 ext. 12"),
    ("1-800-555-0199", PiiType.PHONE, "1-800-555-0199"),
    ("Maria 2125550100", PiiType.PHONE, "2125550100"),
    ("12 Elm Street Salem MA 01970 2125550100", PiiType.PHONE, "2125550100"),
    ("+44 20 7946 0958", PiiType.PHONE, "+44 20 7946 0958"),
    ("020 7946 0958", PiiType.PHONE, "020 7946 0958"),
    ("llámame al 612 345 678", PiiType.PHONE, "612 345 678"),
    ("mi celular es 55 1234 5678", PiiType.PHONE, "55 1234 5678"),
    ("Tel. 91 123 45 67", PiiType.PHONE, "91 123 45 67"),
    ("meu telefone é (11) 91234-5678", PiiType.PHONE, "(11) 91234-5678"),
    ("fone 11 91234-5678", PiiType.PHONE, "11 91234-5678"),
    ("zap 5511912345678", PiiType.PHONE, "5511912345678"),
    ("91 234 56 78 (oficina)", PiiType.PHONE, "91 234 56 78"),
    ("4111 1111 1111 1111", PiiType.CREDIT_CARD, "4111 1111 1111 1111"),
    ("3782 822463 10005 please", PiiType.CREDIT_CARD, "3782 822463 10005"),
    ("my card 4111111111111112", PiiType.CREDIT_CARD, "4111111111111112"),
    ("tarjeta 5500-0000-0000-0004", PiiType.CREDIT_CARD, "5500-0000-0000-0004"),
    ("pay GB29 NWBK 6016 1331 9268 19 my friend", PiiType.IBAN, "GB29 NWBK 6016 1331 9268 19"),
    ("iban: de89370400440532013000", PiiType.IBAN, "de89370400440532013000"),
    ("IBAN ES91 2100 0418 4502 0005 1333", PiiType.IBAN, "ES91 2100 0418 4502 0005 1333"),
    ("123-45-6789", PiiType.SSN, "123-45-6789"),
    ("ssn 123456789", PiiType.SSN, "123456789"),
    ("CPF 529.982.247-25", PiiType.NATIONAL_ID, "529.982.247-25"),
    ("mi dni 12345678Z", PiiType.NATIONAL_ID, "12345678Z"),
    ("NIE X1234567L", PiiType.NATIONAL_ID, "X1234567L"),
    ("dob 12/03/1985", PiiType.DATE_OF_BIRTH, "12/03/1985"),
    ("born on March 3, 1985", PiiType.DATE_OF_BIRTH, "March 3, 1985"),
    ("fecha de nacimiento: 3 de marzo de 1985", PiiType.DATE_OF_BIRTH, "3 de marzo de 1985"),
    ("nascido em 03/03/1985", PiiType.DATE_OF_BIRTH, "03/03/1985"),
    ("maria.lopez+orders@example.com.", PiiType.EMAIL, "maria.lopez+orders@example.com"),
    ("write to josé@panadería.es", PiiType.EMAIL, "josé@panadería.es"),
    ("my address is 10.0.0.1", PiiType.IP_ADDRESS, "10.0.0.1"),
    ("fe80::1ff:fe23:4567:890a", PiiType.IP_ADDRESS, "fe80::1ff:fe23:4567:890a"),
]

TRADE = """
3 cs #10 tomatoes and 6/1 gal milk
2x20kg flour, 10-15 lb brisket, 12 24 36 ct shrimp
order 4500012345 please add 2 cs
PO 1234567890 ship monday
po# 45-220-1093
pedido 0001234567
nota fiscal 35 2611 12345
invoice 20261125-0012 total $1,234.50
SKU 745-968-4205 is out of stock
item 8001234 and item 800-1234
item no 0123456789 qty 4
UPC 012345678905 x 12
4006381333931 2 cases
ean 4006381333931
deliver 2026-11-25 between 10:30 and 11:30
25-11-2026 25.11.26 11/25/2026
send 1000 2000 3000 units
need 100 200 300 400
10 20 30 40 50 60
12 000 000 cups
1.250.000 pesos
$ 12.345.678
precio 12.500.000
100-200-300 ct shrimp
50 00 25 00
12-500 ml, 24-330 ml
16/20 shrimp 5 lb, 21/25 10 lb
tracking 1Z999AA10123456784
tracking number 9400 1000 0000 0000 0000 00
lot 20250101
factura 001-002-000123456
temp 34-38 F
gate code 1234567
12345678 5 cs
1234567890 - 2 cs
1234567890 2 cs
please send 5550100 x3
0045821 - 10
120000 - 150000
10 000 - 20 000
7203011 10 cs / 7203012 5 cs
2 cs 0045821, 3 cs 0045822
5 1/2 8 1/2 11
caixa com 12 500ml, 3 dz de ovos
20 cajas de 6x750 ml
quantidade 5000000
version 1.2.3.4
""".strip().splitlines()


def found(text: str) -> list[tuple[PiiType, str]]:
    return [(each.type, text[each.start : each.end]) for each in detect(text)]


@pytest.mark.parametrize(("text", "pii_type", "value"), FOUND)
def test_what_is_somebodys_is_found_whole(text: str, pii_type: PiiType, value: str) -> None:
    assert (pii_type, value) in found(text)


@pytest.mark.parametrize("text", TRADE)
def test_what_is_ordered_is_nobodys(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(("text", "pii_type", "value"), FOUND)
def test_only_the_types_that_are_asked_for_are_found(text: str, pii_type: PiiType, value: str) -> None:
    assert pii_type not in {each.type for each in detect(text, DEFAULT_TYPES - {pii_type})}
    assert [each.type for each in detect(text, {pii_type})] == [pii_type]


def test_what_is_less_sure_than_demanded_is_not_found() -> None:
    assert detect("Maria 2125550100", min_confidence=0.9) == []
    assert detect("call 2125550100", min_confidence=0.75) != []
