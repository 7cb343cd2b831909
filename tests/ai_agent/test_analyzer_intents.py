"""What the writer wants, where no product is named."""

from datetime import date

import pytest

from schemas.analysis import Intent
from services.ai_agent.analyzer import analyze

TODAY = date(2026, 11, 18)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("yes", Intent.CONFIRM),
        ("ok", Intent.CONFIRM),
        ("Yes please!", Intent.CONFIRM),
        ("confirm", Intent.CONFIRM),
        ("looks good", Intent.CONFIRM),
        ("👍🏽", Intent.CONFIRM),
        ("✅", Intent.CONFIRM),
        ("no", Intent.REJECT),
        ("nope", Intent.REJECT),
        ("not yet", Intent.REJECT),
        ("❌", Intent.REJECT),
        ("cancel the order", Intent.CANCEL),
        ("forget it", Intent.CANCEL),
        ("never mind", Intent.CANCEL),
        ("do you have oat milk?", Intent.QUESTION),
        ("what time do you deliver", Intent.QUESTION),
        ("how much is the salmon", Intent.QUESTION),
        ("what's the price of 2 cs salmon?", Intent.QUESTION),
        ("where is my order?", Intent.QUESTION),
        ("you sent 3 cs rotten tomatoes", Intent.COMPLAINT),
        ("my delivery never arrived", Intent.COMPLAINT),
        ("same as last week please", Intent.ORDER_META),
        ("i would like to place an order", Intent.ORDER_META),
        ("hi there", Intent.GREETING),
        ("good morning Sam", Intent.GREETING),
        ("thanks, have a great day", Intent.CLOSING),
        ("ok thank you", Intent.CLOSING),
        ("I'll be there in 20 minutes", Intent.OTHER),
        ("its Sam from the bistro", Intent.OTHER),
    ],
)
def test_a_message_without_products_has_an_intent_and_no_lines(text: str, intent: Intent) -> None:
    analysis = analyze(text, TODAY)
    assert (analysis.intent, analysis.lines) == (intent, ())


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("that's all", Intent.REJECT),
        ("no thanks that's all", Intent.REJECT),
        ("yes that's all", Intent.CONFIRM),
        ("that is all for today", Intent.REJECT),
        ("done", Intent.REJECT),
        ("nothing else", Intent.REJECT),
        ("no more", Intent.REJECT),
        ("also 2 cs limes and that's it", Intent.ORDER),
        ("make the milk 6. thats all", Intent.MODIFY),
    ],
)
def test_the_end_of_an_order_is_noticed(text: str, intent: Intent) -> None:
    analysis = analyze(text, TODAY)
    assert (analysis.intent, analysis.order_complete) == (intent, True)


@pytest.mark.parametrize("text", ["3 cs milk", "no more milk", "that's all right", "well done steak x2", "is that all?", "all for one"])
def test_other_words_end_no_order(text: str) -> None:
    assert not analyze(text, TODAY).order_complete


def test_an_earlier_order_is_pointed_at() -> None:
    assert analyze("the usual please, plus 2 cs limes", TODAY).references == ("the usual",)
    assert analyze("same as last week", TODAY).references == ("same as last week",)


def test_a_date_is_no_part_of_the_product() -> None:
    analysis = analyze("can I get 2 cs romaine for friday", TODAY)
    assert (analysis.lines[0].product, analysis.requested_delivery_date) == ("romaine", date(2026, 11, 20))
