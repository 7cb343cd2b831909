"""Numbers as people write them: 12, 1.5, 1 1/2, 1½, a couple, twenty-five, 3-4, 3 to 4."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple
from unicodedata import numeric

from services.ai_agent.analyzer.tokens import Kind, Token, kind_at, touches, word_at


class Number(NamedTuple):
    """A number that was read: its value, the upper end of a range, the index of the first token behind it.

    `exact` is False for words that leave the number open, such as "a few".
    """

    value: Decimal
    upper: Decimal | None
    end: int
    exact: bool = True


_LARGEST = Decimal(1_000_000)
_THOUSANDTH = Decimal("0.001")
_DIGITS = 7
_DENOMINATORS = frozenset({2, 3, 4, 5, 6, 8})
_SMALL = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_ROUND = "twenty thirty forty fifty sixty seventy eighty ninety"
_ONES = {word: Decimal(value) for value, word in enumerate(_SMALL.split())}
_TENS = {word: Decimal(10 * value) for value, word in enumerate(_ROUND.split(), 2)}
_SCALES = {"hundred": Decimal(100), "thousand": Decimal(1000)}
PARTS = {"half": Decimal("0.5"), "quarter": Decimal("0.25"), "third": Decimal("0.333")}
"""Words that are numbers only before a unit: half a case, but half and half."""
_ROUGH = {"couple": Decimal(2), "pair": Decimal(2), "few": Decimal(3)}
_AFTER_ARTICLE = PARTS.keys() | _ROUGH.keys() | _SCALES.keys()
_DASHES = frozenset("-–—")


_STARTERS = _ONES.keys() | _TENS.keys() | _SCALES.keys() | PARTS.keys() | _ROUGH.keys() | {"a", "an", "another", "the"}


def may_be_number(token: Token) -> bool:
    """Tell cheaply whether it is worth while to read a number here."""
    if token.kind is Kind.WORD:
        return token.word in _STARTERS or token.word.partition("-")[0] in _TENS
    return token.kind in {Kind.NUMBER, Kind.RATIO, Kind.FRACTION, Kind.TIMES}


def read_number(tokens: Sequence[Token], index: int) -> Number | None:
    """Read the number that begins at `index`, with the upper end if it is a range, or None."""
    first = _single(tokens, index)
    if first is None:
        return None
    place = first.end
    dash = word_at(tokens, place) in _DASHES
    if word_at(tokens, place + dash) in {"to", "or"}:
        upper = _single(tokens, place + dash + 1)
    elif dash and touches(tokens, place) == touches(tokens, place + 1):
        upper = _single(tokens, place + 1)
    else:
        upper = None
    if upper is not None and upper.value > first.value:
        return Number(first.value, upper.value, upper.end, first.exact)
    return first


def _single(tokens: Sequence[Token], index: int) -> Number | None:
    kind = kind_at(tokens, index)
    if kind is Kind.WORD:
        number = _in_words(tokens, index)
    elif kind in {Kind.NUMBER, Kind.FRACTION, Kind.RATIO}:
        number = _in_digits(tokens, index)
    else:
        return None
    return number if number is not None and number.value <= _LARGEST else None


def _in_digits(tokens: Sequence[Token], index: int) -> Number | None:
    part = _fraction(tokens[index])
    if part is not None:
        return Number(part, None, index + 1)
    if tokens[index].kind is not Kind.NUMBER:
        return None
    whole = _decimal(tokens[index].word)
    if whole is None:
        return None
    joined = index + 1 + (word_at(tokens, index + 1) in {"-", "and", "&"})
    part = _fraction(tokens[joined]) if joined < len(tokens) else None
    if part is not None and part < 1 and whole == whole.to_integral_value():
        return Number(whole + part, None, joined + 1)
    return _and_a_half(tokens, Number(whole, None, index + 1))


def _decimal(digits: str) -> Decimal | None:
    head, _, tail = digits.rpartition(",")
    plain = digits.replace(",", "") if not head or len(tail.partition(".")[0]) == len("000") else digits.replace(",", ".")
    return Decimal(plain).quantize(_THOUSANDTH).normalize() + 0 if len(plain.partition(".")[0]) <= _DIGITS else None


def _fraction(token: Token) -> Decimal | None:
    """The value of ½ and of 1/2, but not of 16/20, which is a size."""
    if token.kind is Kind.FRACTION:
        return Decimal(str(numeric(token.word))).quantize(_THOUSANDTH)
    if token.kind is not Kind.RATIO:
        return None
    upper, lower = (int(digits) if len(digits) <= 2 else 0 for digits in token.word.replace("⁄", "/").split("/"))  # noqa: PLR2004
    return (Decimal(upper) / lower).quantize(_THOUSANDTH) if 0 < upper < lower and lower in _DENOMINATORS else None


def _in_words(tokens: Sequence[Token], index: int) -> Number | None:
    word = tokens[index].word
    if word in {"a", "an", "another", "the"}:
        number = _in_words(tokens, index + 1) if word_at(tokens, index + 1) in _AFTER_ARTICLE else None
        return number or (Number(Decimal(1), None, index + 1) if word != "the" else None)
    if word in PARTS:
        return Number(PARTS[word], None, _behind_article(tokens, index + 1)) if word_at(tokens, index + 1) not in {"-", "and"} else None
    if word in _ROUGH:
        return Number(_ROUGH[word], None, _behind_of(tokens, index + 1), word != "few")
    if word in _SCALES:
        return Number(_SCALES[word], None, index + 1)
    return _counted(tokens, index)


def _counted(tokens: Sequence[Token], index: int) -> Number | None:
    """Read one, twenty five, twenty-five, one hundred and twenty."""
    total, place = Decimal(0), index
    while place < len(tokens):
        value = _below_hundred(tokens[place].word)
        if value is None:
            break
        place += 1
        scale = _SCALES.get(word_at(tokens, place))
        if scale is None:
            total += value
            if tokens[place - 1].word not in _TENS or word_at(tokens, place) not in _ONES:
                break
            continue
        total += value * scale
        place += 1
        if word_at(tokens, place) == "and" and _below_hundred(word_at(tokens, place + 1)):
            place += 1
    return _and_a_half(tokens, Number(total, None, place)) if place > index else None


def _below_hundred(word: str) -> Decimal | None:
    tens, _, ones = word.partition("-")
    if ones:
        return _TENS[tens] + _ONES[ones] if tens in _TENS and ones in _ONES else None
    return _TENS.get(word, _ONES.get(word))


def _and_a_half(tokens: Sequence[Token], whole: Number) -> Number:
    words = [word_at(tokens, whole.end + step) for step in range(3)]
    if words == ["and", "a", "half"]:
        return Number(whole.value + PARTS["half"], None, whole.end + 3)
    return whole


def _behind_article(tokens: Sequence[Token], index: int) -> int:
    return index + 1 if word_at(tokens, index) in {"a", "an"} else _behind_of(tokens, index)


def _behind_of(tokens: Sequence[Token], index: int) -> int:
    return index + 1 if word_at(tokens, index) == "of" else index
