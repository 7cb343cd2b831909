"""What the writer wants, from the words of a message and the lines that were found in it."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from schemas.analysis import Intent, Line, Operation
from services.ai_agent.analyzer.readings import GUESS


class Reason(NamedTuple):
    """An intent, the words that speak for it, and how far they can be trusted."""

    intent: Intent
    pattern: re.Pattern[str]
    confidence: Decimal


def _reason(intent: Intent, confidence: str, pattern: str) -> Reason:
    return Reason(intent, re.compile(pattern, re.VERBOSE), Decimal(confidence))


_YES = (
    r"yes|yess+|yeah|yea|yep|yup|ya|yh|ok|okay|okey|okie|k|kk|sure|alright|all\sright|right|correct|confirm(?:ed)?"
    r"|fine|good|great|perfect|absolutely|exactly|cool|nice"
)
_THUMBS_UP, _THUMBS_DOWN = "👍✅👌☑✔🆗💯", "👎❌🚫"
_AROUND_EMOJI = r"\s🙏🏻-🏿\ufe0f\u200d!."
_ASKING = r"(?:how|what|whats|what's|when|where|why|which|who|do|does|did|is|are|was|were|have\syou|has|will|could|can|would|should|any)"
_TOPIC = r"""you|your|u|ur|we|us|deliver\w*|order\w*|ship\w*|stock|price|cost|sell|carry|menu|food|eat|fresh|fridge|freezer|frozen|cook\w*
    |ingredients?|recipe|calories|sugar|fat|protein|healthy|vegan|gluten|allerg\w+|expire\w*|open|close|minimum|pay|invoice|ratings?|reviews?|restaurant"""
_ORDER = r"(?:order|purchase)s?"

_REASONS = (
    _reason(Intent.CONFIRM, "0.95", rf"^(?=[{_AROUND_EMOJI}]{{0,20}}[{_THUMBS_UP}])[{_AROUND_EMOJI}{_THUMBS_UP}]++$"),
    _reason(Intent.REJECT, "0.95", rf"^(?=[{_AROUND_EMOJI}]{{0,20}}[{_THUMBS_DOWN}])[{_AROUND_EMOJI}{_THUMBS_DOWN}]++$"),
    _reason(
        Intent.COMPLAINT,
        "0.85",
        r"""\b(?:complain(?:t|ts|ing)?|reclamation|(?:consumer|customer)\sclaim|(?:file|lodge|make|filing|lodging|making|submit)\s(?:an?\s)?(?:\w+\s){0,2}claim
            |claim\sagainst|never\s(?:came|arrived|got|received)|(?:didn'?t|did\snot|haven'?t|hasn'?t|not)\s(?:arrive|arrived|come|get|got|receive|received|show)
            |damaged|rotten|spoil(?:ed|t)|mou?ldy|expired|gone\sbad|went\sbad|missing\sfrom|(?<!that\s)(?:is|are|was|were|still)\s(?:missing|wrong|broken|late|short)
            |wrong\s(?:order|item|items|product|delivery|size|one)|you\s(?:sent|delivered|charged|forgot|shorted)|unacceptable|terrible|awful|overcharged)\b""",
    ),
    _reason(
        Intent.QUESTION,
        "0.8",
        r"""\b(?:cancell?ation|termination|withdrawal|exit)\s(?:\w+\s){0,1}(?:fees?|penalt(?:y|ies)|charges?|costs?|polic(?:y|ies))|\bcancell?ing\sfees?\b""",
    ),
    _reason(
        Intent.CANCEL,
        "0.9",
        rf"""\b(?:cancel\w*|abort|call\soff|scrap|drop|forget|void|kill)\s(?:\w+\s){{0,3}}(?:{_ORDER}|everything|it\sall|delivery)\b
            |\b(?:forget|scrap|cancel|stop|abort|drop)\s(?:it|that|this|all)\b|\bnever\s?mind\b
            |^\W*(?:please\s)?(?:cancel|scrap|abort|stop|quit|halt)\W*(?:please)?\W*$|\bcancel\w*\b""",
    ),
    _reason(
        Intent.MODIFY,
        "0.8",
        rf"""\b(?:chang\w+|modify\w*|edit\w*|updat\w+|switch\w*|swap\w*|correct\w*|remov\w+|delet\w+|add\w*|replac\w+|amend\w*|adjust\w*)
            \s(?:\w+\s){{0,5}}(?:{_ORDER})\b""",
    ),
    _reason(
        Intent.QUESTION,
        "0.8",
        rf"""\b(?:where\sis|where's|wheres|track\w*|status|eta|when\s(?:will|is|does|do|can|are|should)|how\s(?:long|soon|much|many|late|fresh|old|healthy)|what\s(?:time|are|is|do|does|goes|kind|payment
            |delivery|shipping)|do\s(?:you|u)|does|price|cost|calor\w+|nutrition\w*|ingredients?|reviews?|rated|ratings?|refund\w*|money\sback|reimburse\w*|payment|pay|shipping|ship|ships
            |deliver\sto|delivery\s(?:options?|period|time|times|fee|charge|day|days|zone|area)|minimum\sorder|(?:in|out\sof)\sstock|available|(?:arrive|arrives|arriving)|expect|recommend
            |(?:order|deliver\w*|ship\w*)\s(?:from|to)\s\w+)\b
            |\b(?:will|do|does|did|is|can|could)\s(?:the|this|your|my|our|you|u|we|there|it)\s[^.!?\n]{1, 80}\?""",
    ),
    _reason(
        Intent.ORDER_META,
        "0.7",
        r"""\b(?:(?:place|make|start|put\sin|submit|create)\s(?:an?\s|my\s|the\s|another\s|new\s){0,2}order|(?:order|buy|purchas\w+|acquir\w+|shop\w*|get|earn)\s(?:\w+\s){0,4}
            (?:items?|products?|articles?|something|things?|stuff)|(?:want|like|need)\sto\s(?:order|buy)\W*$|(?:the|my|our)\s(?:usual|regular)|same\s(?:as|order|again)|reorder|repeat)\b""",
    ),
    _reason(
        Intent.GREETING,
        "0.85",
        r"""^\W*(?:hi+|hai|hell?o+|hullo|hey+|heya|hiya|howdy|yo|(?:very\s)?(?:good|gud)\s?(?:mor?n\w*|mrng|afternoon|evening|day)|morning|afternoon|evening|greetings|dear)\b
            |\bhow\s(?:are|is|have|'?s|do|r)\s(?:you|u|everything|it|your|things|life)\b|\bhow(?:'?s|\sare|\sis)\b.{0,12}\b(?:going|doing|things|day)\b
            |\bwhat'?s\s(?:up|new|going\son|happening)\b|\bhow\syou(?:'?ve|\sare)?\b
            |\bare\syou\s(?:ok|okay|good|alright|doing|well)\b""",
    ),
    _reason(
        Intent.REJECT,
        "0.85",
        r"""^\W*(?:(?:um+|oh|sorry|well|ok|okay|hmm)\W+)?(?:no+|nope|nah|nay|not?\s(?:now|yet|really|needed?|thanks?|today|at\sall)|never|none|negative|nothing|incorrect|false|wrong|don'?t|do\snot)\b
            |\b(?:not\s(?:true|right|correct|really|yet|quite)|that'?s\s(?:wrong|false|incorrect|enough)|false|untrue|i\s(?:do\snot|don'?t)\s(?:think|want|need|believe)
            |(?:would\sbe|that'?d\sbe|say|answer\s(?:to\s\w+\s)?is|is)\s(?:a\s|definitely\s)?(?:no|negative)
            |(?:definitely|absolutely|certainly|of\scourse)\snot|can'?t\sbe|inaccurate|disagree|(?:is|its|it's)\senough)\b
            |^\W*(?:that'?s|thats|that\sis|all\sis|i'?m|i\sam|im|we'?re)\s(?:all|it|enough|over|done)\b(?!.{0,40}\b(?:bye|have\sa|see\syou)\b)
            |^\W*(?:enough|nada|nah|negatory)\b""",
    ),
    _reason(
        Intent.CLOSING,
        "0.85",
        r"""\b(?:bye+|goodbye|good\s?night|see\s(?:you|ya)|later|have\sa\s(?:\w+\s){0,2}(?:day|one|night|weekend|evening|time)|take\s(?:care|it\seasy)|farewell|(?:nice|great|good|pleasure)\s
            (?:\w+\s){0,3}(?:talk\w*|meet\w*|chat\w*|speak\w*|see\w*)|so\slong|ciao|until\snext\stime)\b""",
    ),
    _reason(
        Intent.CONFIRM,
        "0.9",
        rf"^\W*(?:(?:oh|um+|hmm+|well|ah)\W+)?(?:{_YES})\b(?!\W+(?:\w+\W+)?(?:[ty]h[aeoun]{{0,3}}[kx]\w*|ty|bye)\b)|^\W*(?:yes|yeah|sure)\b",
    ),
    _reason(
        Intent.CONFIRM,
        "0.8",
        r"""\b(?:looks?\s(?:good|right|great|fine|correct)|sounds?\s(?:good|right|great|fine)|go\sahead|that\s?(?:'?s|is|s)\s(?:right|correct|true|it\sright|fine|good|perfect|great|okay|ok)|works\sfor\sme
            |i\s(?:agree|confirm|accept|think\sso|believe\sso|do)|of\scourse|definitely|affirmative|certainly|indeed|true|agreed|accepted|place\sit|send\sit|all\sgood|works|please\sdo|you\sgot\sit|for\ssure)\b""",
    ),
    _reason(
        Intent.CLOSING,
        "0.8",
        r"\b(?:\w{0,6}thanks?|[tyr]h[aeoun]{1,3}[kx]\w*|thank\s?(?:you|u)\w*|thx|ty|cheers|appreciat\w*|grateful|thankful|much\sobliged|i\sowe\syou)\b",
    ),
    _reason(Intent.QUESTION, "0.6", rf"^\W*{_ASKING}\b.*\b(?:{_TOPIC})\b|^\W*{_ASKING}(?:\W+\w+){{1,5}}\W*$|^\W*\w+(?:\W+\w+){{0,7}}\W*\?\s*$"),
)
_OTHER = Decimal("0.5")


_WEAK, _LIKELY = Decimal("0.65"), Decimal("0.85")
_TALK = frozenset({Intent.QUESTION, Intent.CANCEL, Intent.COMPLAINT, Intent.ORDER_META, Intent.MODIFY})
LINE_INTENTS = frozenset({Intent.ORDER, Intent.MODIFY})
"""The intents of messages with lines."""


def read_intent(text: str, lines: Sequence[Line], *, complete: bool) -> tuple[Intent, Decimal]:
    """The intent of `text` (lower case) and how certain it is.

    Lines decide, unless they are guesses and the words say something else. Who only says that nothing more is to come rejects the question for more.
    """
    if any(line.quantity is not None or line.operation is not Operation.ADD for line in lines):
        return _of_lines(lines)
    spoken, certainty = _from_words(text)
    is_guess = all(line.confidence <= GUESS for line in lines)
    if lines and not (certainty > _WEAK and (is_guess or spoken in _TALK)):
        return _of_lines(lines)
    return (Intent.REJECT, _LIKELY) if complete and spoken is Intent.OTHER else (spoken, certainty)


def _of_lines(lines: Sequence[Line]) -> tuple[Intent, Decimal]:
    adds = any(line.operation is Operation.ADD for line in lines)
    return Intent.ORDER if adds else Intent.MODIFY, min(line.confidence for line in lines)


def _from_words(text: str) -> tuple[Intent, Decimal]:
    for reason in _REASONS:
        if reason.pattern.search(text):
            return reason.intent, reason.confidence
    return Intent.OTHER, _OTHER
