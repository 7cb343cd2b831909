"""The languages of customers.

The grammar is written once, in English: the words of conversation of another language are read as the English ones that mean the same, and
product names stay as they are.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from services.ai_agent.analyzer import units
from services.ai_agent.analyzer.languages import portuguese, spanish
from services.ai_agent.analyzer.tokens import Kind, Token, kind_at, word_at
from services.ai_agent.analyzer.vocabulary import ASSENT, FILLERS, MONTHS, STOPS, TRAILERS, words

ENGLISH = "en"
_ACCENTED, _PLAIN = "áàâãäéèêëíìîïóòôõöúùûüñç", "aaaaaeeeeiiiiooooouuuunc"
_FOLD = str.maketrans(_ACCENTED, _PLAIN)
_TENS = words("twenty thirty forty fifty sixty seventy eighty ninety hundred")
_ONES = words("one two three four five six seven eight nine ten")
_VERBS = words("need want send bring put give add include order buy deliver remove cancel change update replace swap would")
_DEFAULT_WEIGHT, _WEAK_WEIGHT, _SIGN_WEIGHT, _ENOUGH = 2, 1, 2, 2
_WEAK = words(
    """
    de la el los las le les a o e no me do da dos das os as no na nos nas com con se te un una um uma para por pa en em su tu mi al del
    media medio sale va si mil once lata latas barra barras par solo extra pack packs este lo que d dela dar pan vale todo son it mas pan
    """
)
_SHARED = words("kg kgs kilo kilos g gr l lt lts lb lbs ml cl oz doc dz x no ok okay okey pack packs un extra bar bars dose a e o")
_ONLY_PORTUGUESE = words("o os as e um uma do da dos das em com meu")
_JOINTS = frozenset({"de", "del", "do", "da"})
_SIGNS = {"es": frozenset("ñ¿¡"), "pt": frozenset("ãõç")}


class _Wording(NamedTuple):
    """A phrase of a language and the words of the grammar that it is read as."""

    phrase: tuple[str, ...]
    english: tuple[str, ...]


class _Language(NamedTuple):
    phrases: Mapping[str, tuple[_Wording, ...]]
    verbs: Mapping[str, str]


def fold(word: str) -> str:
    """A word without its accents."""
    return word if word.isascii() else word.translate(_FOLD)


def _load(table: Mapping[str, str], stems: Mapping[str, str], endings: str) -> _Language:
    phrases: dict[str, list[_Wording]] = {}
    written = [(tuple(phrase.split()), tuple(english.split())) for english, listed in table.items() for phrase in listed.split(", ")]
    known = {phrase for phrase, _ in written}
    unaccented = [(plain, english) for phrase, english in written if (plain := tuple(map(fold, phrase))) not in known]
    for phrase, english in (*written, *unaccented):
        phrases.setdefault(phrase[0], []).append(_Wording(phrase, english))
    verbs = {fold(stem + ending): verb for verb, listed in stems.items() for stem in listed.split() for ending in endings.split()}
    return _Language({first: tuple(sorted(found, key=lambda one: -len(one.phrase))) for first, found in phrases.items()}, verbs)


_LANGUAGES = {
    "es": _load(spanish.WORDS, spanish.VERBS, spanish.ENDINGS),
    "pt": _load(portuguese.WORDS, portuguese.VERBS, portuguese.ENDINGS),
}
_ENGLISH_WORDS = STOPS | FILLERS | TRAILERS | ASSENT | units.WORDS


def detect(tokens: Sequence[Token], hint: str = ENGLISH) -> str:
    """The language of a message: that whose words of conversation it uses most; `hint` where it uses none."""
    spoken = [token.word for token in tokens if token.kind is Kind.WORD]
    scores = {name: _evidence(tokens, name, language) for name, language in _LANGUAGES.items() if spoken != ["y"]}
    scores[ENGLISH] = sum(_WEAK_WEIGHT if word in _WEAK else _DEFAULT_WEIGHT for word in spoken if word in _ENGLISH_WORDS and word not in _SHARED)
    best = max(scores.values())
    order = (ENGLISH, "pt", "es") if _ONLY_PORTUGUESE.intersection(spoken) else (ENGLISH, "es", "pt")
    leaders = [name for name in order if scores.get(name, 0) == best]
    return hint if hint in leaders else leaders[0]


def _evidence(tokens: Sequence[Token], name: str, language: _Language) -> int:
    """How much speaks for a language: its letters, its words, its phrases, and "de" behind a unit (3 kg de papa, but pico de gallo 3 kg)."""
    found = 0
    for place, token in enumerate(tokens):
        word = token.word
        if token.kind is not Kind.WORD or not (word in language.phrases or fold(word) in language.verbs):
            continue
        if word not in _SHARED:
            found += _WEAK_WEIGHT if word in _WEAK else _DEFAULT_WEIGHT
        if len(_wording_at(tokens, place, language).phrase) > 1:
            found += _DEFAULT_WEIGHT
        if word in _JOINTS and units.unit_name(word_at(tokens, place - 1)):
            found += _WEAK_WEIGHT
    found += sum(_SIGN_WEIGHT for token in tokens if not token.word.isascii() and not _SIGNS[name].isdisjoint(token.word))
    return found if found >= _ENOUGH else 0


def read_as_english(tokens: Sequence[Token], language: str) -> list[Token]:
    """The tokens with the words of conversation in English, each with the place of what was written."""
    table = _LANGUAGES[language]
    rendered: list[Token] = []
    place = 0
    while place < len(tokens):
        wording = _wording_at(tokens, place, table)
        end = place + len(wording.phrase)
        first, last = tokens[place], tokens[end - 1]
        if first.kind is Kind.WORD:
            rendered.extend(Token(Kind.WORD, word, first.start, last.end) for word in wording.english)
        else:
            rendered.append(first)
        place = end
    return _in_context(rendered)


def _wording_at(tokens: Sequence[Token], place: int, table: _Language) -> _Wording:
    word = tokens[place].word
    for wording in table.phrases.get(word, ()) if tokens[place].kind is Kind.WORD else ():
        if all(word_at(tokens, place + step) == part for step, part in enumerate(wording.phrase)):
            return wording
    return _Wording((word,), (table.verbs.get(fold(word), word),))


def _in_context(tokens: Sequence[Token]) -> list[Token]:
    """Words whose English depends on what stands around them: un, no, sin, si, y, and days of a month."""
    changed: list[Token] = []
    place = 0
    while place < len(tokens):
        token, following = tokens[place], word_at(tokens, place + 1)
        before = changed[-1].word if changed else ""
        if token.kind is Kind.NUMBER and following == "of" and word_at(tokens, place + 2) in MONTHS:
            changed.append(Token(Kind.NOISE, f"{token.word} {tokens[place + 2].word}", token.start, tokens[place + 2].end))
            place += 3
            continue
        place += 1
        if token.word == "and" and before in _TENS and following in _ONES:
            continue
        changed.append(token._replace(word=_meant(token, before, following, kind_at(tokens, place))) if token.kind is Kind.WORD else token)
    return changed


def _meant(token: Token, before: str, following: str, kind: Kind | None) -> str:
    if token.word == "a" and (following == "of" or units.unit_name(following)):
        return "one"
    if token.word == "don't" and following not in _VERBS:
        return "not" if kind in {Kind.NUMBER, Kind.FRACTION} or following in _ONES else "no"
    if token.word == "if" and kind is not Kind.WORD:
        return "yes"
    if token.word == "lacking" and not (before.isalpha() and before not in _ENGLISH_WORDS):
        return "no"
    return token.word
