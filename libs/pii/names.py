"""Names of persons: by the words around them, and by first names that the world knows.

No model: names that neither are introduced nor begin with a known first name are not found, and goods that are called like persons may be.
"""

import re
from collections.abc import Iterator

from libs.pii import name_words
from libs.pii.finding import Finding
from schemas.pii_detected import PiiType

CAPITAL = r"[A-ZÀ-ÖØ-ÞĀČĎĐĘĚĞŁŃŇŐŘŚŠŞŤŮŰŹŻŽ][^\W\d_]*(?:['’-][A-ZÀ-Þ]?[^\W\d_]+)*\.?"
PARTICLE = r"(?:(?:de|da|do|dos|das|del|de la|van|van der|van den|von|der|bin|al|el|y) )"
FULL = rf"{CAPITAL}(?: {PARTICLE}?{CAPITAL}){{0,3}}"
LOWER = r"[^\W\d_]{2,20}(?: [^\W\d_]{2,20})?"

TITLE = re.compile(rf"(?<!\w)(?:Mrs?|Ms|Miss|Mx|Dr|Prof|Sr|Sra|Srta|Se[nñ]or|Se[nñ]ora|Senhor|Senhora|Do[nñ]a|Dona|Chef)\.? (?P<name>{FULL})")
INTRODUCED = re.compile(
    r"(?<!\w)(?:(?P<surely>my name is|my name's|name is|names is|name's|full name|name|customer name|contact name|contact person|"
    r"me llamo|mi nombre es|nombre|a nombre de|"
    r"meu nome [eé]|me chamo|nome|em nome de|attn|attention|at[tn]\.?|ask for|le escribe|le habla|quem fala [eé]|aqui [eé] [oa]|"
    r"what'?s your name\?|signed|firmado|assinado)\s?:?"
    r"|this is|i am|i'm|im|it's|soy|sou|habla|speak (?:to|with)|talk to|call|from|with|for|said|told|see|to|of)\s"
    rf"(?:(?-i:(?P<name>{FULL}))|(?P<lower>{LOWER}))(?!\w)",
    re.IGNORECASE,
)
SIGNED = re.compile(
    r"(?:^|\n)\W{0,8}(?:(?:best |kind |warm )?regards|thanks(?: again| so much)?|thank you|many thanks|cheers|best|sincerely|"
    r"saludos(?: cordiales)?|gracias|un saludo|atentamente|"
    rf"obrigad[oa]|abra[cç]os?|atenciosamente|att)[,.!]?[ \t]*\n+[ \t]*[-–~]?[ \t]*(?P<name>(?-i:{FULL}))[ \t]*(?=\n|$)",
    re.IGNORECASE,
)
CAPITALIZED = re.compile(rf"(?<![\w@/])(?P<name>{FULL})(?!\w)")
SENTENCE_BEGINS = re.compile(r"(?:^|[.!?:\n][\s\"'“>-]*)$")
MAY_HOLD = re.compile(r"[A-ZÀ-Þ]|name|nombre|nome|llamo|chamo|\bthis is|\bi am|\bi'm|\bsoy|\bsou|att", re.IGNORECASE)


def names(text: str) -> Iterator[Finding]:
    """Find names of persons."""
    for match in TITLE.finditer(text):
        yield _finding(match, 0.9, "title")
    for match in SIGNED.finditer(text):
        if _may_be_one(match["name"]):
            yield _finding(match, 0.8, "signature")
    for match in INTRODUCED.finditer(text):
        yield from _introduced(match)
    for match in CAPITALIZED.finditer(text):
        yield from _known(text, match)


def _introduced(match: "re.Match[str]") -> Iterator[Finding]:
    """Judge what follows words that introduce somebody: any name after a sure one, a known first name after others."""
    if match["name"]:
        if match["surely"] and _may_be_one(match["name"]):
            yield _finding(match, 0.85, "introduced")
        return
    words = match["lower"].split()
    known = words[0].lower() in name_words.first_names()
    kept = [word for word in words if word.lower() not in name_words.NO_NAMES]
    if words[:1] != kept[:1] or not (match["surely"] or known) or (known and words[0].lower() in name_words.GOODS):
        return
    if match["surely"]:
        length = len(" ".join(words[: len(kept)] if words[: len(kept)] == kept else kept[:1]))
        yield Finding(match.start("lower"), match.start("lower") + length, PiiType.NAME, 0.7 if known else 0.55, "introduced")


def _known(text: str, match: "re.Match[str]") -> Iterator[Finding]:
    """Judge capitalized words: they are a name from the first known first name on."""
    name, start = match["name"], match.start()
    words = list(re.finditer(r"\S+", name))
    for place, word in enumerate(words):
        first = word[0].lower().rstrip(".")
        if word[0].isupper() or first not in name_words.first_names() or first in name_words.NO_NAMES or first in name_words.GOODS:
            continue
        rest = words[place + 1 :]
        if rest and rest[-1][0].lower().rstrip(".") in name_words.AFTER_PLACES:
            return
        begins = place == 0 and SENTENCE_BEGINS.search(text, max(0, start - 6), start)
        sure = 0.75 if rest else 0.5 if begins else 0.6
        yield Finding(start + word.start(), start + len(name.rstrip(".")), PiiType.NAME, sure, "known_first_name")
        return


def _may_be_one(name: str) -> bool:
    return not any(word.lower().rstrip(".") in name_words.NO_NAMES for word in name.split())


def _finding(match: "re.Match[str]", confidence: float, recognizer: str) -> Finding:
    name = match["name"].rstrip(".")
    return Finding(match.start("name"), match.start("name") + len(name), PiiType.NAME, confidence, recognizer)
