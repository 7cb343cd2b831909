"""What is new in a mail, in the words of the mail programs that quote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.channels.html_text import html_text
from libs.channels.mail_text import new_text

ORDER = "3 cs whole milk\n2 doz eggs"


@pytest.mark.parametrize(
    "rest",
    [
        "",
        "\n\nOn Sun, 22 Nov 2026 at 09:30, Harbor Foods <orders@harbor.example> wrote:\n> What do you need?\n> Bye",
        "\n\nOn Sun, 22 Nov 2026 at 09:30, Harbor Foods\n<orders@harbor.example> wrote:\n\n> What do you need?",
        "\r\n\r\nEl dom, 22 nov 2026 a las 9:30, Harbor Foods (<orders@harbor.example>) escribió:\r\n> ¿Qué necesita?",
        "\n\nEm dom., 22 de nov. de 2026 às 09:30, Harbor Foods <orders@harbor.example>\nescreveu:\n> O que precisa?",
        "\n\n-----Original Message-----\nFrom: Harbor Foods\nSent: Sunday\n\n9 cs butter",
        "\n\n-----Mensaje original-----\nDe: Harbor Foods\n\n9 cs butter",
        "\n\n________________________________\nFrom: Harbor Foods <orders@harbor.example>\nSent: Sunday\nTo: Mario\nSubject: Order\n\n9 cs butter",
        "\n\nDe: Harbor Foods\nEnviado: domingo\nPara: Mario\nAsunto: Pedido\n\n9 cs butter",
        "\n\n*From:* Harbor Foods\n*Date:* Sunday\n*To:* Mario\n\n9 cs butter",
        "\n> 9 cs butter\n>> 8 cs butter",
        "\n-- \nMario Rossi\n+1 555 0100 001",
        "\n--\nMario Rossi\n1 Pier Street",
        "\n\nSent from my iPhone",
        "\n\nEnviado desde mi iPhone",
        "\n\nGet Outlook for iOS",
    ],
)
def test_what_is_quoted_and_the_signature_are_cut(rest: str) -> None:
    assert new_text(ORDER + rest).replace("\n________________________________", "").strip() == ORDER


@pytest.mark.parametrize(
    "text",
    [
        "On Monday we need 3 cs milk\n2 doz eggs",
        "3 cs milk -- cold please\n2 eggs",
        "From: the usual place 3 cs milk\n2 eggs",
        "on friday bring what I wrote: 3 cs milk",
        "em caixas: 3 leite",
    ],
)
def test_words_of_an_order_stay(text: str) -> None:
    assert new_text(text) == text


def test_answers_between_quoted_lines_stay() -> None:
    assert new_text("> milk?\n3 cs\n> eggs?\n2 doz") == "3 cs\n2 doz"


@pytest.mark.parametrize("subject", ["Fwd: order", "FW: order", "RV: pedido", "Enc: pedido"])
def test_a_forwarded_order_stays_whole(subject: str) -> None:
    forwarded = "see below\n\nFrom: Luigi\nSent: Sunday\nTo: Mario\nSubject: order\n\n" + ORDER
    assert new_text(forwarded, subject).endswith(ORDER)


def test_what_stands_under_a_forwarding_line_stays() -> None:
    assert new_text("---------- Forwarded message ---------\nFrom: Luigi\nDate: Sunday\nSubject: x\n\n" + ORDER).endswith(ORDER)


def test_a_mail_that_is_nothing_but_a_quote_is_not_empty() -> None:
    assert new_text("> " + ORDER.replace("\n", "\n> ")) != ""


@given(st.text() | st.lists(st.sampled_from(["> a", "On x wrote:", "--", "From: a", "Sent: b", "To: c", "3 cs milk", "", "\r"])).map("\n".join))
def test_no_mail_that_says_something_becomes_empty(text: str) -> None:
    assert bool(new_text(text)) == bool(text.strip().replace("\x00", "x"))


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>3 cs milk</p><p>2 eggs</p>", "3 cs milk\n2 eggs"),
        ("<div>3 cs <b>whole</b> milk<br>2&nbsp;eggs &amp; ham</div>", "3 cs whole milk\n2 eggs & ham"),
        ("<head><title>x</title><style>p{}</style></head><script>alert(1)</script>milk", "milk"),
        ("<ul><li>milk</li><li>eggs</li></ul>", "- milk\n- eggs"),
        ("<table><tr><td>3</td><td>milk</td></tr><tr><td>2</td><td>eggs</td></tr></table>", "3 milk\n2 eggs"),
        ("<div>milk</div><blockquote><div>old<br>order</div></blockquote><div>eggs</div>", "milk\n> old\n> order\neggs"),
        ("milk</blockquote></script>", "milk"),
        ("  milk \n\t eggs ", "milk eggs"),
        ("3 &lt; 4 &#99999999; <", "3 < 4 \ufffd <"),
        ("", ""),
    ],
)
def test_html_reads_as_it_is_shown(html: str, text: str) -> None:
    assert html_text(html) == text


def test_what_html_quotes_is_cut_like_any_quote() -> None:
    html = '<div>3 cs milk</div><div class="gmail_quote">On Sun, Harbor &lt;a@b.c&gt; wrote:<br><blockquote>9 cs butter</blockquote></div>'
    assert new_text(html_text(html)) == "3 cs milk"


@given(st.text(st.sampled_from("<>/!-abdivblockquotescript&;#x \n\"'=")))
def test_any_html_has_some_text(html: str) -> None:
    assert isinstance(html_text(html), str)
