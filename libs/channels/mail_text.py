"""What is new in a mail: without what it quotes, and without its signature. Each rule looks at a line or two, so that no mail takes long."""

import re
from collections.abc import Iterator, Sequence

LONGEST_INTRODUCTION = 300

# "On Mon, 23 Nov 2026 at 09:00, Harbor Foods <orders@example.com> wrote:", over one line, two or three.
INTRODUCTION_BEGINS = re.compile(r"(on|el|em|le|am)\s\S", re.IGNORECASE)
INTRODUCTION_ENDS = re.compile(r"\b(wrote|escribió|escribio|escreveu|a écrit|schrieb)\s*:$", re.IGNORECASE)
ORIGINAL = re.compile(r"-{3,}\s*(original message|mensaje original|mensagem original)\s*-{3,}$", re.IGNORECASE)
FORWARDED = re.compile(
    r"(-{3,}\s*(forwarded message|mensaje reenviado|mensagem encaminhada)\s*-{3,}|begin forwarded message:|inicio del mensaje reenviado:)$",
    re.IGNORECASE,
)
FORWARDING_SUBJECT = re.compile(r"\s*(fwd?|rv|reenv|enc)\s*:", re.IGNORECASE)
FROM_LINE = re.compile(r"\*?(from|de)\s*:\*?\s*\S", re.IGNORECASE)
HEADER_LINE = re.compile(r"\*?(sent|date|to|cc|subject|enviado|enviada em|fecha|data|para|asunto|assunto)\s*:\*?", re.IGNORECASE)
SENT_FROM = re.compile(
    r"(sent from my|sent via|get outlook for|enviado desde mi|enviado do meu|enviado de mi|obtener outlook para)\b.{0,80}$", re.IGNORECASE
)
SIGNATURE = "--"


def new_text(text: str, subject: str = "") -> str:
    """Return what the sender wrote themselves. A forwarded mail is all theirs, and so is one of which nothing else would be left."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    if FORWARDING_SUBJECT.match(subject):
        return _joined(lines)
    return _joined(_own(lines)) or _joined(lines)


def _own(lines: Sequence[str]) -> Iterator[str]:
    for place, line in enumerate(lines):
        plain = line.strip()
        if FORWARDED.match(plain):
            yield from lines[place:]
            return
        if plain == SIGNATURE or ORIGINAL.match(plain) or _introduces(lines, place) or _is_header_block(lines, place):
            return
        if not plain.startswith(">") and not SENT_FROM.match(plain):
            yield line


def _introduces(lines: Sequence[str], place: int) -> bool:
    """Tell whether the line begins a sentence such as "On … wrote:"."""
    first = lines[place].strip()
    if not INTRODUCTION_BEGINS.match(first):
        return False
    return any(INTRODUCTION_ENDS.search(line.strip()[-LONGEST_INTRODUCTION:]) for line in lines[place : place + 3])


def _is_header_block(lines: Sequence[str], place: int) -> bool:
    """Tell whether the headers of another mail begin here, as Outlook writes them."""
    if not FROM_LINE.match(lines[place].strip()):
        return False
    return sum(bool(HEADER_LINE.match(line.strip())) for line in lines[place + 1 : place + 5]) >= 2  # noqa: PLR2004 - one could be an order's own word


def _joined(lines: Iterator[str] | Sequence[str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
