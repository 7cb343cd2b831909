"""Names, where somebody asks for them."""

import pytest

from libs.pii import detect
from schemas.pii_detected import PiiType


def found(text: str) -> list[str]:
    return [text[each.start : each.end] for each in detect(text, {PiiType.NAME})]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Hi, this is Maria Lopez from the bakery", "Maria Lopez"),
        ("my name is rashid", "rashid"),
        ("me llamo Ximena Quiroga", "Ximena Quiroga"),
        ("meu nome é Thiago", "Thiago"),
        ("attn: Wexler Brandt", "Wexler Brandt"),
        ("please ask for Mr. Okonkwo", "Okonkwo"),
        ("2 cs milk\nThanks,\nZoltan Vereb", "Zoltan Vereb"),
        ("3 cs eggs\nsaludos\nJimena", "Jimena"),
        ("give it to João da Silva at the door", "João da Silva"),
    ],
)
def test_who_is_named_is_found(text: str, name: str) -> None:
    assert found(text) == [name]


@pytest.mark.parametrize(
    "text",
    [
        "2 cs Rosemary, 1 cs Sage, 3 Romano wheels",
        "5 lb Colby Jack and 2 cs Angus burgers",
        "Can you send May prices?",
        "Please add 3 cs Whole Milk",
        "Monday delivery to the Kitchen",
        "name your price",
        "this is great, thank you",
        "quiero 3 cajas de Rosa Blanca",
        "Thanks\nOrder 55",
    ],
)
def test_goods_and_ordinary_words_are_no_names(text: str) -> None:
    assert found(text) == []


def test_names_are_not_looked_for_unless_asked() -> None:
    assert detect("this is Maria Lopez") == []
