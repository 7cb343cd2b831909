"""The text of an HTML mail, line by line as it is shown; what it quotes is marked as plain mail marks it.

The standard library's parser takes half a minute for some mails of 300 kB; this one looks at each character a few times, whatever it is given.
"""

import re
from collections.abc import Iterator
from html import unescape

HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
LISTS = {"dd", "dl", "dt", "li", "ol", "ul"}
LINES = {"address", "article", "div", "footer", "form", "header", "hr", "p", "pre", "section", "table", "tbody", "tr"} | HEADINGS | LISTS
CELLS = {"td", "th"}
UNSEEN = {"head", "script", "style", "template", "title"}
QUOTE = "blockquote"
MOST_HTML = 300_000

TOKEN = re.compile(r"<(/?[a-zA-Z][a-zA-Z0-9]*)\b[^<>]*>|<[!?][^<>]*>|([^<]+|<)")
BLANK = re.compile(r"\s+")


def html_text(html: str) -> str:
    """Return what is to be read of the first `MOST_HTML` characters."""
    page = _Page()
    unseen = ""
    for tag, text in _tokens(_without_comments(html[:MOST_HTML])):
        if unseen:
            unseen = "" if tag == f"/{unseen}" else unseen
        elif tag in UNSEEN:
            unseen = tag
        elif tag:
            page.meet(tag)
        else:
            page.write(text)
    return page.text()


def _without_comments(html: str) -> str:
    shown: list[str] = []
    end = 0
    while (start := html.find("<!--", end)) >= 0:
        shown.append(html[end:start])
        closed = html.find("-->", start + 4)
        if closed < 0:
            return "".join(shown)
        end = closed + 3
    return "".join([*shown, html[end:]])


def _tokens(html: str) -> Iterator[tuple[str, str]]:
    """Yield tags, in lower case and with the slash of those that close, and what stands between them."""
    for found in TOKEN.finditer(html):
        yield (found.group(1) or "").lower(), found.group(2) or ""


class _Page:
    """The lines so far."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._quoted = 0

    def text(self) -> str:
        """Return the lines."""
        self._end_line()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self._lines)).strip()

    def meet(self, tag: str) -> None:
        """Begin or end a line, a cell or a quote. A quote that was never opened ends nothing."""
        name = tag.removeprefix("/")
        if tag == "br":
            self._end_line(even_if_blank=True)
        elif name == QUOTE:
            self._end_line()
            self._quoted = max(0, self._quoted + (1 if tag == QUOTE else -1))
        elif name in LINES:
            self._end_line()
            if tag == "li":
                self._line.append("- ")
        elif tag in CELLS:
            self._line.append(" ")

    def write(self, text: str) -> None:
        """Take what is shown."""
        self._line.append(text)

    def _end_line(self, *, even_if_blank: bool = False) -> None:
        line = BLANK.sub(" ", unescape("".join(self._line))).strip()
        if line or even_if_blank:
            self._lines.append(f"> {line}" if self._quoted else line)
        self._line.clear()
