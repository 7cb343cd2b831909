"""What rules make of a text."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.pii_detected import PiiAction, PiiType
from services.message_store.pii import patterns
from services.message_store.pii.domain import Field, Scanned, Text, counted, restored, rules_of, scan
from services.message_store.pii.patterns import MOST_MATCHES, PatternUnusable
from services.message_store.pii.rules import DEFAULTS, Rule

CARD = "4111 1111 1111 1111"


def text(content: str, language: str = "simple") -> Text:
    return Text(
        distributor_id=uuid4(),
        message_id=uuid4(),
        conversation_id=uuid4(),
        language=language,
        field_name=Field.CONTENT,
        source_id=None,
        text=content,
    )


def rule(pii_type: PiiType, action: PiiAction, **more: object) -> Rule:
    return Rule(**({"name": "ours", "pii_type": pii_type, "action": action, "min_confidence": 0.5} | more))  # pyright: ignore[reportArgumentType]


def scanned(content: str, *own: Rule) -> Scanned:
    return scan(text(content), rules_of(own, DEFAULTS))


def test_a_rule_replaces_the_default_of_its_type_and_no_other() -> None:
    found = scanned(f"{CARD} or call 212-555-0100", rule(PiiType.PHONE, PiiAction.REDACTED))
    assert found.text == "[CREDIT_CARD] or call [PHONE]"
    assert [each.keep for each in found.found] == [True, False]


def test_a_pattern_stands_beside_the_recognizers_of_its_type() -> None:
    found = scanned("call 212-555-0100 or box 77", rule(PiiType.PHONE, PiiAction.REDACTED, pattern=r"box \d+"))
    assert found.text == "call 212-555-0100 or [PHONE]"


def test_a_rule_for_one_recognizer_leaves_the_others_to_nobody() -> None:
    found = scanned("PO Box 12, or 45 Main Street", rule(PiiType.ADDRESS, PiiAction.REDACTED, recognizer="post_box"))
    assert found.text == "[ADDRESS], or 45 Main Street"


def test_what_is_less_sure_than_the_rule_demands_is_let_be() -> None:
    assert scanned("my number is 2125550100", rule(PiiType.PHONE, PiiAction.REDACTED, min_confidence=0.99)).text == "my number is 2125550100"


def test_names_are_looked_for_only_where_a_rule_says_so() -> None:
    assert scanned("this is Maria Lopez").found == ()
    assert scanned("this is Maria Lopez", rule(PiiType.NAME, PiiAction.REDACTED)).text == "this is [NAME]"


@pytest.mark.parametrize(("language", "found"), [("es", 1), ("es-MX", 1), ("simple", 1), ("en", 0)])
def test_a_rule_for_a_language(language: str, found: int) -> None:
    assert counted("call 212-555-0100", language, rule(PiiType.PHONE, PiiAction.FLAGGED, locale="es-ES")).total() == found


@given(st.lists(st.sampled_from([CARD, "212-555-0100", "a@example.com", "3 cs milk", "ñandú 🥛", "\n"]), max_size=8))
def test_offsets_tell_where_everything_stands_afterwards_and_masking_is_undone_by_them(pieces: list[str]) -> None:
    before = " and ".join(pieces)
    result = scanned(before, rule(PiiType.PHONE, PiiAction.REDACTED))
    after = result.text
    for each in result.found:
        shown = after[each.start : each.end]
        assert shown == (each.value if each.action == PiiAction.FLAGGED else f"[{each.type}]")
    for each in sorted(result.found, key=lambda each: -each.start):
        if each.action != PiiAction.FLAGGED:
            put_back = restored(after, each.start, each.end, each.type, each.value)
            assert put_back is not None
            after = put_back
    assert after == before
    assert scanned(result.text).text == result.text, "a masked text is masked no further"


def test_where_no_placeholder_stands_nothing_is_put_back() -> None:
    assert restored("card [PHONE]", 5, 12, PiiType.CREDIT_CARD, CARD) is None


@pytest.mark.parametrize("pattern", ["(", "a*", "(?=x)y", r"(a)\1", "", "a{1000}{1000}"])
def test_a_pattern_that_cannot_be_looked_for_is_refused(pattern: str) -> None:
    with pytest.raises(PatternUnusable):
        patterns.check(pattern)


def test_a_pattern_takes_no_longer_than_the_text_is_long() -> None:
    assert list(patterns.find("(a+)+$", "a" * 20_000 + "b")) == []


def test_matches_of_a_pattern_are_limited_and_counted_in_characters() -> None:
    assert list(patterns.find(r"ñ(\d)", "ñ1 🥛 ñ2")) == [(1, 2), (6, 7)]
    assert len(list(patterns.find("x", "x" * 1_000))) == MOST_MATCHES
