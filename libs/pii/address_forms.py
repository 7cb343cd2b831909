"""What addresses begin with: a street and a number, a post box, a city with its post code, or the words that say that one follows."""

import re
from collections.abc import Callable, Iterator

from libs.pii import address_words as words
from libs.pii.address_parts import COMPASS, GOES_ON, HOUSE, LOWER_CITY_GOES_ON, NUMBER_BEHIND, OF, ORDINAL, WORD

Core = tuple[int, int, float, str]
"""Where a part of an address stands, how sure it is that it is one, and what says so."""

BEHIND = re.compile(
    rf"(?<![\w#$€£./,-]){HOUSE},? (?:{COMPASS} )?(?P<name>(?:(?:{ORDINAL}|{WORD}|\d{{1,3}}) ){{1,4}}?)"
    rf"(?P<street>{words.STREETS_BEHIND})\b\.?(?: {COMPASS}(?!\w))?",
    re.IGNORECASE,
)
BEFORE = re.compile(
    rf"(?<!\w)(?P<house>{HOUSE},? )?(?:{words.STREETS_BEFORE})\s{OF}{{0,2}}(?P<name>{WORD}(?: {OF}{{0,2}}{WORD}){{0,5}}?)"
    rf"(?P<behind>{NUMBER_BEHIND})?(?=[\s,.;?!)]|$)",
    re.IGNORECASE,
)
ENDING = re.compile(
    rf"(?<!\w)(?P<house>{HOUSE} )?(?:{WORD} ){{0,2}}?[^\W\d_]{{3,30}}(?:{'|'.join(words.STREET_ENDINGS)}|str\.)(?: \d{{1,4}}[A-Za-z]?\b)?(?!\w)",
    re.IGNORECASE,
)
BOX = re.compile(
    r"(?<!\w)(?:p\.? ?o\.? ?box|post ?box|apartado(?: de correos| postal)?|caixa postal|postfach) ?#?\d{1,6}\b"
    r"|(?<!\w)(?:PSC|Unit|CMR) \d{3,5},? Box \d{3,5}\b|(?<!\w)[AFD]PO,? A[AEP] \d{5}\b",
    re.IGNORECASE,
)
LONE_UNIT = re.compile(r"(?<!\w)(?:apt|apartment|suite|ste|apto|depto)(?:\.| ?#)? ?\d{1,5}[A-Za-z]?(?!\w)", re.IGNORECASE)
POST_CODE = re.compile(
    r"(?<!\w)(?:zip(?: ?code)?|post(?:al)? ?code|c[oó]digo postal|cep|c\.p\.)(?: is| es| é)?\s?:?\s?(\d{4,5}(?:-\d{3,4})?)(?![\w-])", re.IGNORECASE
)
CITY_STATE_ZIP = re.compile(rf"(?<!\w)[A-Z][\w'.-]+(?: [A-Z][\w'.-]+){{0,2}},? (?:{words.STATES}),? \d{{5}}(?:-\d{{4}})?(?!\w)")
NUMBER_TO_ZIP = re.compile(
    rf"(?<![\w#$€£./,-])\d{{1,6}}[A-Za-z]? (?P<name>(?:{WORD},? ){{2,7}}?)"
    rf"(?:{words.STATES}|{words.STATE_NAMES})(?:,? (?:\d{{4,5}}(?:-\d{{4}})?)|,? usa?)(?!\w)",
    re.IGNORECASE,
)
SAID = re.compile(
    r"(?<!\w)(?:(?:home |office |postal |mailing |shipping |delivery |billing |my |his |her |our |the |new )?address(?:es)?"
    r"(?: is| was| are| will be| to)?|lives? at|lived at|located at|living at|moved to|store is at|we are at|we're at|meet me at|"
    r"(?:mi |nuestra )?direcci[oó]n(?: es| de entrega| nueva)?|domicilio(?: es)?|vivo en|estamos en|"
    r"(?:meu |nosso )?endere[cç]o(?: é| de entrega)?|moro n[ao]|estamos n[ao]|"
    r"ship to|deliver to|send (?:it|them) to|entregar en|entregar n[ao])\s?[:\-]?\s"
    r"(?P<said>(?:the corner of )?[^\s][^?!;|\0]{4,120})",
    re.IGNORECASE,
)
SAID_ENDS = re.compile(
    r"[.?!](?:\s|$)|\n\s*\n|,? (?:please|thanks|thank you|and my|my|by|before|tomorrow|today|last|asap|when|for|if|but|with|instead|because|so|at|on|"
    r"from|por favor|"
    r"gracias|obrigad\w|ma[nñ]ana|hoy|antes|and the contact|contact|phone|tel)(?!\w)",
    re.IGNORECASE,
)
SAID_IS_ONE = re.compile(rf"(?:the corner of .*|{HOUSE}\s.*[^\W\d_]{{3}}.*|(?-i:[A-ZÀ-Þ]).*[^\W\d_]{{2}},? \d{{1,5}}\b.*)", re.IGNORECASE | re.DOTALL)
ENDS_HERE = re.compile(r"\s*(?:$|[,.;:!?)\n-]|(?:and|in|is|at|by|near|contact|phone|tel|please|for|to|suite|apt|y|e)(?!\w))", re.IGNORECASE)
DIGIT = re.compile(r"\d")
FOUR_DIGITS = re.compile(r"(?<!\d)\d{4,5}(?!\d)")
BETWEEN = re.compile(r"[,.:;()]")

BEHIND_WORDS = frozenset(words.STREETS_BEHIND.replace(" ", "|").split("|"))
BEFORE_WORDS = words.words(
    """
    calle c/ cl avenida avda av carrera cra kra carretera camino camiño paseo p º plaza pza ronda rambla travesía travesia calzada boulevard blvd
    diagonal transversal jirón jiron pasaje prolongación prolongacion privada cerrada circuito rua r travessa tv praça praca alameda al rodovia rod
    estrada largo beco quadra rue chemin allée allee quai impasse place route via viale corso piazza vicolo strada ulica ul aleja rruga calea
    bulevardul rijksweg
    """
)
BOX_WORDS = words.words("box postbox pobox apartado postal postfach fpo apo dpo psc")
POST_CODE_WORDS = words.words("zip zipcode code postcode código codigo cep c")
UNIT_WORDS = words.words("apt apartment suite ste apto depto")
SAID_WORDS = words.words(
    """
    address addresses lives live lived located living moved store we're are meet dirección direccion domicilio vivo estamos endereço endereco moro
    ship deliver send entregar
    """
)
ENDINGS = (*words.STREET_ENDINGS, "str")


def cores(text: str) -> Iterator[Core]:
    """Find what addresses begin with; each form is looked for only where one of its words stands."""
    if not DIGIT.search(text):
        return
    found = frozenset(BETWEEN.sub(" ", text.lower()).split())
    for wanted, recognizer in BY_WORD:
        if not wanted.isdisjoint(found):
            yield from recognizer(text)
    if any(word.endswith(ENDINGS) for word in found):
        yield from _street_endings(text)
    if FOUR_DIGITS.search(text):
        yield from _post_codes(text)


def _streets_behind(text: str) -> Iterator[Core]:
    for match in BEHIND.finditer(text):
        yield match.start(), match.end(), _of_street_behind(text, match), "street_behind"


def _streets_before(text: str) -> Iterator[Core]:
    for match in BEFORE.finditer(text):
        yield match.start(), match.end(), _of_street_before(match), "street_before"


def _street_endings(text: str) -> Iterator[Core]:
    for match in ENDING.finditer(text):
        if match["house"] or match[0][-1].isdigit() or match[0][-2:-1].isdigit():
            yield match.start(), match.end(), 0.85, "street_ending"


def _boxes(text: str) -> Iterator[Core]:
    for match in BOX.finditer(text):
        yield match.start(), match.end(), 0.9, "post_box"


def _units(text: str) -> Iterator[Core]:
    for match in LONE_UNIT.finditer(text):
        yield match.start(), match.end(), 0.45 if match[0][0] == "s" else 0.6, "unit"


def _named_post_codes(text: str) -> Iterator[Core]:
    for match in POST_CODE.finditer(text):
        yield match.start(1), match.end(1), 0.7, "post_code"


def _post_codes(text: str) -> Iterator[Core]:
    for match in CITY_STATE_ZIP.finditer(text):
        yield match.start(), match.end(), 0.75, "city_state_zip"
    for match in NUMBER_TO_ZIP.finditer(text):
        if words.MEASURES.isdisjoint(match["name"].lower().split()):
            yield match.start(), match.end(), 0.8, "number_to_zip"


def _said(text: str) -> Iterator[Core]:
    for match in SAID.finditer(text):
        ends = SAID_ENDS.search(match["said"])
        said = match["said"][: ends.start()] if ends else match["said"]
        if SAID_IS_ONE.fullmatch(said.strip()) and words.MEASURES.isdisjoint(said.lower().split()[1:3]):
            yield match.start("said"), match.start("said") + len(said.rstrip()), 0.7, "said_to_be_one"


BY_WORD: tuple[tuple[frozenset[str], Callable[[str], Iterator[Core]]], ...] = (
    (BEHIND_WORDS, _streets_behind),
    (BEFORE_WORDS, _streets_before),
    (BOX_WORDS, _boxes),
    (UNIT_WORDS, _units),
    (POST_CODE_WORDS, _named_post_codes),
    (SAID_WORDS, _said),
)


def _of_street_behind(text: str, match: "re.Match[str]") -> float:
    """Say how sure it is that a number, a name and a word for a street are an address rather than goods."""
    name, street = match["name"].strip(), match["street"].lower()
    if not words.MEASURES.isdisjoint(name.lower().split()):
        return 0
    if text[match.end("street") : match.end("street") + 12].lower().lstrip(". ").startswith(("louis", "pepper", "germain", "style", "brand")):
        return 0
    numbered = match[0][:3].isdigit()
    goes_on = LOWER_CITY_GOES_ON.match(text, match.end()) or GOES_ON.match(text, match.end())
    if street not in words.PLAIN_WORDS:
        return 0.9 if numbered or goes_on or (ENDS_HERE.match(text, match.end()) and name.lower() not in words.GOODS) else 0.45
    named = all(word[:1].isupper() or word[:1].isdigit() for word in (*name.split(), match["street"]))
    return 0.85 if goes_on or (numbered and named) else 0.65 if numbered or named else 0.4


def _of_street_before(match: "re.Match[str]") -> float:
    if not words.MEASURES.isdisjoint(match["name"].lower().split()) and not match["behind"]:
        return 0
    if match["house"] and match["behind"]:
        return 0.9
    named = match["name"][:1].isupper()
    if match["behind"]:
        return 0.85 if named else 0.6
    return 0.7 if match["house"] and named else 0.3
