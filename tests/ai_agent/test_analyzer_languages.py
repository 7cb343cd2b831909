"""Spanish and Portuguese: read by the grammar of English, with product names as they were written."""

from datetime import date

import pytest

from schemas.analysis import Intent, Operation
from services.ai_agent.analyzer import analyze
from services.ai_agent.analyzer.languages import detect, read_as_english
from services.ai_agent.analyzer.tokens import spoken, tokenize

TODAY = date(2026, 11, 18)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("3 cs whole milk and 2 doz eggs", "en"),
        ("pico de gallo 3 lb", "en"),
        ("2 cs dos equis, 1 cs queso fresco", "en"),
        ("dos cajas de leche", "es"),
        ("¿cuánto?", "es"),
        ("duas caixas de leite", "pt"),
        ("cancela o vinho", "pt"),
        ("cancela el vino", "es"),
        ("não", "pt"),
    ],
)
def test_a_message_shows_its_language(text: str, language: str) -> None:
    assert detect(tokenize(text)) == language


def test_the_customer_s_language_counts_where_a_message_shows_none() -> None:
    assert analyze("tortillas 3 kg", TODAY).language == "en"
    assert analyze("tortillas 3 kg", TODAY, language="es").language == "es"
    assert analyze("please send 3 kg tortillas", TODAY, language="es").language == "en"


@pytest.mark.parametrize(
    ("text", "language", "english"),
    [
        ("treinta y cinco cajas", "es", "thirty five case"),
        ("una de conchas", "es", "one of conchas"),
        ("no mandes pan, no 3", "es", "don't mandes pan , not 3"),
        ("agua sin gas, sin pan", "es", "agua lacking gas , no pan"),
        ("para el 5 de diciembre", "es", "for the 5 december"),
        ("mándame té verde", "es", "send té verde"),
        ("por favor, em vez de alface", "pt", "please , instead of alface"),
    ],
)
def test_words_of_conversation_are_read_as_english(text: str, language: str, english: str) -> None:
    expected = english.replace("don't mandes", "don't send") if "mandes" in english else english
    assert spoken(read_as_english(tokenize(text), language)) == expected


@pytest.mark.parametrize(
    ("text", "operation", "quantity", "unit", "product", "replaces"),
    [
        ("mándame 3 cajas de leche entera", Operation.ADD, 3, "case", "leche entera", None),
        ("media caja de limones", Operation.ADD, 0.5, "case", "limones", None),
        ("kilo y medio de queso", Operation.ADD, 1.5, "kg", "queso", None),
        ("quita la mantequilla por favor", Operation.REMOVE, None, None, "mantequilla", None),
        ("cambia el pollo por pavo", Operation.SWAP, None, None, "pavo", "pollo"),
        ("que sean 5, no 3", Operation.SET, 5, None, None, None),
        ("meia dúzia de ovos", Operation.ADD, 0.5, "dozen", "ovos", None),
        ("não precisa mandar pão hoje", Operation.REMOVE, None, None, "pão", None),
        ("muda o leite para 4 caixas", Operation.SET, 4, "case", "leite", None),
    ],
)
def test_lines_are_read(text: str, operation: Operation, quantity: float | None, unit: str | None, product: str | None, replaces: str | None) -> None:
    (line,) = analyze(text, TODAY).lines
    assert (line.operation, line.quantity, line.unit, line.product, line.replaces) == (operation, quantity, unit, product, replaces)
    assert text[line.text_start : line.text_end] in text


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2 cajas de tomate para mañana", date(2026, 11, 19)),
        ("para el viernes", date(2026, 11, 20)),
        ("para el 5 de diciembre", date(2026, 12, 5)),
        ("para el 5/12: 2 cajas de tomate", date(2026, 12, 5)),
        ("para sexta-feira, por favor", date(2026, 11, 20)),
        ("depois de amanhã", date(2026, 11, 20)),
    ],
)
def test_a_day_is_named(text: str, day: date) -> None:
    assert analyze(text, TODAY).requested_delivery_date == day


def test_an_earlier_order_is_pointed_at_in_the_writer_s_words() -> None:
    assert analyze("lo de siempre por favor", TODAY).references == ("lo de siempre",)
    assert analyze("o mesmo da semana passada", TODAY).references == ("o mesmo da semana passada",)


def test_the_end_of_an_order_is_noticed() -> None:
    assert analyze("no, eso es todo", TODAY).order_complete
    assert analyze("não, só isso", TODAY).order_complete


@pytest.mark.parametrize(("text", "reply"), [("thanks", "great day"), ("gracias", "buen día"), ("obrigado", "ótimo dia")])
def test_replies_are_in_the_message_s_language(text: str, reply: str) -> None:
    assert reply in analyze(text, TODAY).suggested_replies[0]


def test_a_reply_asks_for_the_quantity_that_is_missing() -> None:
    analysis = analyze("could you also bring some napkins?", TODAY)
    assert analysis.intent is Intent.ORDER
    assert analysis.suggested_replies == ("How many napkins would you like?", "Got it. Anything else?")
