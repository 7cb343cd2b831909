"""What holds for every text, however strange."""

from datetime import date
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ai_agent.analyzer import analyze

TODAY = date(2026, 11, 18)
LONGEST = 20_000
WORDS = "3 ½ 1/2 16/20 cs # doz milk whole eggs and & plus , . ? ! ( ) - x x3 no not remove swap for to make that it 5 instead of the last one"
MORE_WORDS = (
    "thats all $3.50 10am order #4512 2% #10 7up half a dozen couple few 1,000 1.5 👍 ✅ yes cancel change actually tomorrow sat next may how is"
)
PIECES = [*WORDS.split(), *MORE_WORDS.split(), "", "\n", "\n- ", "you sent"]

anything = st.one_of(
    st.text(max_size=300), st.lists(st.sampled_from(PIECES), max_size=60).map(" ".join), st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
)


@settings(max_examples=400, deadline=None, database=None)
@given(anything)
def test_every_text_has_an_analysis_whose_lines_lie_in_it(text: str) -> None:
    analysis = analyze(text, TODAY)
    for line in analysis.lines:
        assert 0 <= line.text_start < line.text_end <= len(text)
        assert line.quantity is None or line.quantity > 0
        assert line.quantity_max is None or line.quantity is None or line.quantity_max > line.quantity
        assert line.product is None or line.product == line.product.strip() != ""


@settings(max_examples=100, deadline=None, database=None)
@given(anything)
def test_the_same_text_means_the_same(text: str) -> None:
    assert analyze(text, TODAY) == analyze(text, TODAY)


@pytest.mark.parametrize(
    "piece",
    ["½", "(", "1 ( ", "the ", "remove the ", "a-", "1,234,", "one thousand ", "👍", "\n", "?", "thats all ", "sat ", "1 and ", "a.b@", "how "],
)
def test_a_text_made_to_be_slow_is_not(piece: str) -> None:
    text = (piece * LONGEST)[: LONGEST - 1] + "!"
    before = process_time()
    analyze(text, TODAY)
    assert process_time() - before < 5


def test_a_message_has_at_most_200_lines() -> None:
    assert len(analyze("3 cs milk\n" * 400, TODAY).lines) == 200
