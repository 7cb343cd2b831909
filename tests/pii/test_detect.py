"""What holds for every text."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.pii import DEFAULT_TYPES, Finding, detect, redact
from libs.pii.detect import without_overlaps
from schemas.pii_detected import PiiType

ALL = frozenset(PiiType)
PIECES = st.sampled_from(
    [
        "call 212-555-0100",
        "4111 1111 1111 1111",
        "a@example.com",
        "45 Main Street, Salem, MA 01970",
        "this is Maria Lopez",
        "3 cs milk",
        "\n",
        " ",
        "ñ🥛",
        "(",
    ]
)
LONG = 20_000


@settings(deadline=None)  # the first text with a name reads the lists of names
@given(st.lists(PIECES, max_size=12).map(" ".join) | st.text(max_size=300))
def test_findings_stand_in_the_order_of_the_text_within_it_and_apart(text: str) -> None:
    found = detect(text, ALL)
    bounds = [bound for each in found for bound in (each.start, each.end)]
    assert bounds == sorted(bounds)
    assert all(0 <= each.start < each.end <= len(text) and 0.5 <= each.confidence <= 1 for each in found)
    assert all(text[each.start : each.end].strip() == text[each.start : each.end] for each in found)


@given(st.lists(PIECES, max_size=12).map(" ".join))
def test_what_was_redacted_is_gone_and_the_rest_is_not(text: str) -> None:
    found = detect(text, DEFAULT_TYPES)
    after = redact(text, found)
    for each in found:
        assert f"[{each.type}]" in after
    kept = "".join(text[last:first] for last, first in zip([0, *(f.end for f in found)], [*(f.start for f in found), len(text)], strict=True))
    assert len(after) == len(kept) + sum(len(each.type) + 2 for each in found)


def test_of_findings_that_overlap_the_surest_holds_then_the_longest() -> None:
    weak, sure = Finding(0, 30, PiiType.ADDRESS, 0.6, "x"), Finding(5, 10, PiiType.PHONE, 0.9, "x")
    longer = Finding(5, 12, PiiType.IBAN, 0.9, "x")
    apart = Finding(40, 50, PiiType.EMAIL, 0.5, "x")
    assert without_overlaps([weak, sure, longer, apart]) == [longer, apart]


def test_redacting_takes_overlaps_and_any_order() -> None:
    one, two = Finding(2, 6, PiiType.PHONE, 0.9, "x"), Finding(4, 8, PiiType.EMAIL, 0.9, "x")
    assert redact("0123456789", [two, one]) == "01[PHONE]89"
    assert redact("nothing", []) == "nothing"


@pytest.mark.parametrize(
    "piece",
    ["1 ", "12 main ", "a", "a@", "1-", "(1", "calle ", "1 a b c d ", "box ", "A ", "Maria de ", "address is ", "\n,", "+", "1.1.1.", ":", "Apt 1, "],
)
def test_no_text_takes_long(piece: str) -> None:
    text = (piece * LONG)[:LONG]
    started = time.process_time()
    detect(text, ALL)
    assert time.process_time() - started < 5
