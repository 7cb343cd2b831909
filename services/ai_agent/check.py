"""A model's reading of a message, held against the message: what is not in it is not taken. Pure."""

from datetime import date, timedelta
from decimal import Decimal

from schemas.analysis import Analysis, Intent, Line
from services.ai_agent.forms import LineRead, MessageRead
from services.ai_agent.in_the_text import are_words_of, find, numbers_in

MOST_LINES = 200
MOST_QUANTITY = Decimal(1_000_000)
FARTHEST_DELIVERY = timedelta(days=366)
UNSURE = Decimal("0.5")
"""The confidence of a quantity that we cannot read ourselves: a person looks at it."""
LONGEST_PHRASE = 200
LONGEST_UNIT = 50
LINE_INTENTS = (Intent.ORDER, Intent.MODIFY, Intent.CANCEL, Intent.REJECT, Intent.CONFIRM, Intent.CLOSING)


class NotInTheText(Exception):
    """The model names what the message does not. The text says what kind of thing, never what anybody wrote."""


def checked(read: MessageRead, text: str, today: date) -> Analysis:
    """Return the reading as an analysis, its spans worked out. Raises NotInTheText."""
    if len(read.lines) > MOST_LINES:
        raise NotInTheText("more lines than a message can have")
    if read.lines and read.intent not in LINE_INTENTS:
        raise NotInTheText(f"lines in a message of intent {read.intent}")
    if any(not are_words_of(each, text) for each in read.references):
        raise NotInTheText("a reference to an earlier order")
    lines: list[Line] = []
    for line in read.lines:
        lines.append(_line(line, text, lines[-1].text_end if lines else 0))
    stated = _confidence(read.confidence)
    return Analysis(
        intent=read.intent,
        lines=tuple(lines),
        order_complete=read.order_complete,
        references=tuple(each[:LONGEST_PHRASE] for each in read.references[:10]),
        requested_delivery_date=_delivery_date(read.requested_delivery_date, today),
        language=_language(read.language),
        confidence=min(stated, UNSURE) if any(line.confidence <= UNSURE for line in lines) else stated,
    )


def _line(line: LineRead, text: str, after: int) -> Line:
    span = find(line.words, text, after)
    if span is None:
        raise NotInTheText("the words of a line")
    for phrase in (line.product, line.replaces):
        if phrase is not None and (len(phrase) > LONGEST_PHRASE or not are_words_of(phrase, text)):
            raise NotInTheText("a product")
    quantity, read_by_us = _quantity(line.quantity, text)
    most, most_read_by_us = _quantity(line.quantity_max, text)
    confidence = _confidence(line.confidence)
    return Line(
        operation=line.operation,
        quantity=quantity,
        quantity_max=most,
        unit=_unit(line.unit),
        product=line.product,
        replaces=line.replaces,
        text_start=span[0],
        text_end=span[1],
        confidence=confidence if read_by_us and most_read_by_us else min(confidence, UNSURE),
    )


def _quantity(stated: float | None, text: str) -> tuple[Decimal | None, bool]:
    """Return the quantity, and whether we read it ourselves. Raises NotInTheText where the text names other numbers."""
    if stated is None:
        return None, True
    quantity = Decimal(str(stated)).quantize(Decimal("0.001")) if 0 <= stated <= MOST_QUANTITY else None
    if quantity is None:
        raise NotInTheText("a quantity that is none")
    named = numbers_in(text)
    if any(abs(quantity - number) < Decimal("0.01") for number in named):
        return quantity, True
    if quantity == 1:
        # Models like to count what nobody counted.
        return None, True
    if named:
        raise NotInTheText("a quantity")
    return quantity, False


def _unit(unit: str | None) -> str | None:
    """Return a word or two in letters: a unit is no place for anything else."""
    words = (unit or "").strip().lower()
    return words if words and len(words) <= LONGEST_UNIT and words.replace(" ", "").replace("-", "").isalpha() else None


def _delivery_date(stated: str | None, today: date) -> date | None:
    if stated is None:
        return None
    try:
        day = date.fromisoformat(stated)
    except ValueError:
        raise NotInTheText("a delivery date that is none") from None
    if not today <= day <= today + FARTHEST_DELIVERY:
        raise NotInTheText("a delivery date that cannot be meant")
    return day


def _language(stated: str) -> str:
    language = stated.strip().lower()
    return language if 2 <= len(language) <= 10 and language.replace("-", "").isalpha() else "en"  # noqa: PLR2004 - as Analysis has it


def _confidence(stated: float) -> Decimal:
    return Decimal(str(min(max(stated, 0.0), 1.0))).quantize(Decimal("0.001"))
