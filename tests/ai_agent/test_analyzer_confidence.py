"""What was learned: intents by example, and confidence that means how often such readings are right."""

import json
from array import array
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from schemas.analysis import Intent, Line
from services.ai_agent.analyzer import analyze
from services.ai_agent.analyzer.confidence import kinds, score
from services.ai_agent.analyzer.features import BUCKETS, FINDINGS
from services.ai_agent.analyzer.learned import Learned
from services.ai_agent.analyzer.training.examples import NotLabelled, read_examples
from services.ai_agent.analyzer.training.learning import calibration_error, learn, write

TODAY = date(2026, 11, 18)
CORPUS = Path(__file__).parent / "corpus"
YES_OR_NO = Learned(
    intents=(Intent.CONFIRM, Intent.REJECT),
    biases=(0.0, 0.0),
    steps=(1.0, 1.0),
    weights=(array("b", [2, 0, 0]), array("b", [0, 2, 1])),
    lines={"certain": 0.9},
    analyses=((0.2, 0.1), (0.6, 0.8)),
)


@pytest.mark.parametrize(("words", "findings", "intent"), [([0], [], Intent.CONFIRM), ([1], [], Intent.REJECT), ([0], [1, 2], Intent.REJECT)])
def test_the_intent_is_what_most_weight_speaks_for(words: list[int], findings: list[int], intent: Intent) -> None:
    found, likelihood = YES_OR_NO.intent(words, findings)
    assert found is intent
    assert 0.5 < likelihood < 1


def test_confidence_is_how_often_the_kind_was_right() -> None:
    assert YES_OR_NO.line_confidence(("unseen", "certain")) == Decimal("0.900")
    assert YES_OR_NO.line_confidence(("unseen",)) == Decimal("0.500")
    assert [YES_OR_NO.analysis_confidence(share) for share in (0.1, 0.3, 0.6, 1.0)] == [Decimal(f"0.{tenth}00") for tenth in (1, 1, 8, 8)]


def test_an_analysis_is_worth_no_more_than_its_weakest_line() -> None:
    lines = [Line(product="milk", confidence=Decimal("0.9")), Line(product="eggs", confidence=Decimal("0.4"))]
    assert score(1.0, lines) == 0.4
    assert score(0.7, []) == 0.7


def test_kinds_go_from_narrow_to_wide() -> None:
    assert kinds(Line(product="milk", quantity=Decimal(3), confidence=Decimal("0.95")))[-1] == "0.95"


def test_the_weights_of_the_repository_are_whole() -> None:
    learned = Learned.load()
    assert set(learned.intents) == set(Intent)
    assert {len(row) for row in learned.weights} == {BUCKETS + FINDINGS}
    assert [right for _, right in learned.analyses] == sorted(right for _, right in learned.analyses)


def test_a_doubtful_message_is_less_sure_than_a_plain_one() -> None:
    assert analyze("3 cs whole milk", TODAY).confidence > Decimal("0.9")
    assert analyze("3 cs whole milk", TODAY).confidence > analyze("2 or 3 whatever, is it blue", TODAY).confidence


def test_calibration_error_is_the_distance_between_claim_and_truth() -> None:
    assert calibration_error([(1.0, True), (1.0, False)]) == 0.5
    assert calibration_error([(0.5, True), (0.5, False)]) == 0.0


def test_training_is_reproducible_and_says_how_it_does_on_what_it_has_not_seen(tmp_path: Path) -> None:
    examples = [*read_examples(CORPUS / "talk.jsonl"), *read_examples(CORPUS / "tuning.jsonl")]
    written: list[bytes] = []
    for name in ("one", "two"):
        learned, figures = learn(examples)
        write(learned, tmp_path / name)
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    assert figures["analyses: calibration error"] <= 0.1
    assert Learned.load(tmp_path / "one").lines == learned.lines


def test_a_row_without_labels_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({"text": "milk"}) + "\n")
    with pytest.raises(NotLabelled, match=r"rows\.jsonl, line 1"):
        list(read_examples(file))
