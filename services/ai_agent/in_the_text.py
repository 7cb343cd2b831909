"""Whether what a model says stands in the text that it read. Pure.

What a customer writes may tell the model what to do. Whatever the model then does, it can only name what is in the message itself.
"""

import re
from decimal import Decimal, InvalidOperation
from itertools import pairwise

NUMBER_WORDS = {
    word: Decimal(value)
    for value, words in {
        "0.5": "half halb halbe medio media demi mezzo ½",
        "0.25": "quarter viertel cuarto quart ¼",
        "0.75": "¾",
        "1": "a an one single ein eine einen un una uno une um uma",
        "2": "two couple pair both double zwei dos deux due dois duas",
        "3": "three drei tres trois tre três",
        "4": "four vier cuatro quatre quattro quatro",
        "5": "five fünf cinco cinq cinque",
        "6": "six sechs seis sei",
        "7": "seven sieben siete sept sette sete",
        "8": "eight acht ocho huit otto oito",
        "9": "nine neun nueve neuf nove",
        "10": "ten zehn diez dix dieci dez",
        "11": "eleven elf once onze undici",
        "12": "twelve dozen doz dz dzn dozens zwölf dutzend doce docena docenas douze douzaine dodici dozzina doze dúzia",
        "13": "thirteen dreizehn trece treize tredici treze",
        "14": "fourteen vierzehn catorce quatorze quattordici",
        "15": "fifteen fünfzehn quince quinze quindici",
        "16": "sixteen sechzehn dieciséis seize sedici dezesseis",
        "17": "seventeen siebzehn diecisiete dix-sept diciassette",
        "18": "eighteen achtzehn dieciocho dix-huit diciotto",
        "19": "nineteen neunzehn diecinueve dix-neuf diciannove",
        "20": "twenty score zwanzig veinte vingt venti vinte",
        "24": "twenty-four",
        "30": "thirty dreißig treinta trente trenta trinta",
        "40": "forty vierzig cuarenta quarante quaranta quarenta",
        "50": "fifty fünfzig cincuenta cinquante cinquanta cinquenta",
        "60": "sixty sechzig sesenta soixante sessanta sessenta",
        "70": "seventy siebzig setenta settanta",
        "80": "eighty achtzig ochenta ottanta oitenta",
        "90": "ninety neunzig noventa novanta",
        "100": "hundred hundert cien ciento cent cento",
        "144": "gross",
        "1000": "thousand tausend mil mille",
    }.items()
    for word in words.split()
}
TOKEN = re.compile(r"\d+\s+\d+/\d+|\d+/\d+|\d+(?:[.,]\d+)*|[½¼¾]|[^\W\d_]+(?:-[^\W\d_]+)*")
WORD = re.compile(r"[^\W_]+")
PLACEHOLDER = re.compile(r"\[[A-Z_]+\]")
"""What the model reads in place of personal data."""
MOST_REPLACED = 300


def find(words: str, text: str, start: int = 0) -> tuple[int, int] | None:
    """Return where `words` stand in `text`, from `start` on or else anywhere, whatever the case and the spaces; None where they do not.

    A placeholder of personal data stands for anything; more than one are not looked for, which could take for ever.
    """
    anything = f".{{1,{MOST_REPLACED}}}?"
    parts = [anything.join(re.escape(piece) for piece in PLACEHOLDER.split(part)) for part in words.split()]
    placeholders = PLACEHOLDER.findall(words)
    if not parts or len(placeholders) > 1 or words.strip() in placeholders:
        return None
    pattern = re.compile(r"\s+".join(parts), re.IGNORECASE | re.DOTALL)
    found = pattern.search(text, start) or pattern.search(text)
    return found.span() if found else None


def are_words_of(phrase: str, text: str) -> bool:
    """Tell whether every word of `phrase` is a word of `text`, or part of one."""
    known = WORD.findall(text.casefold())
    words = WORD.findall(phrase.casefold())
    return bool(words) and all(any(word == each or (len(word) >= 3 and word in each) for each in known) for word in words)  # noqa: PLR2004 - shorter ones are in everything


def numbers_in(text: str) -> set[Decimal]:
    """Return the numbers that a text names, in digits or words, and what two beside each other make: 1 1/2, 2 dozen, twenty five."""
    single = [number for token in TOKEN.findall(text.casefold()) for number in [_number(token)]]
    numbers = {number for number in single if number is not None}
    for left, right in pairwise(single):
        if left is not None and right is not None:
            numbers |= {left * right, left + right}
    return numbers


def _number(token: str) -> Decimal | None:
    if token in NUMBER_WORDS:
        return NUMBER_WORDS[token]
    if "/" in token:
        *whole, fraction = token.split()
        numerator, denominator = fraction.split("/")
        return sum((Decimal(each) for each in whole), Decimal(numerator) / Decimal(denominator)) if Decimal(denominator) else None
    try:
        return Decimal(_with_point(token))
    except InvalidOperation:
        return None


def _with_point(digits: str) -> str:
    """1,5 is one and a half; 1,500 and 1.500,00 are thousands."""
    last = max(digits.rfind(","), digits.rfind("."))
    if last < 0:
        return digits
    whole, decimals = re.sub(r"[.,]", "", digits[:last]), digits[last + 1 :]
    return whole + decimals if len(decimals) == 3 and digits[last] == "," else f"{whole}.{decimals}"  # noqa: PLR2004 - the places of a thousand
