"""The demo's conversations: what the analyzer alone makes of them, without a catalog."""

from datetime import date
from decimal import Decimal
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.analysis import Analysis, Intent, Line, Operation
from services.ai_agent.analyzer import analyze

TODAY = date(2026, 11, 18)
CONVERSATIONS = Path(__file__).parents[2] / "deploy" / "demo" / "content" / "conversations.yaml"


class Notepad:
    """The products and quantities that a careful reader without a catalog would have noted, and how the conversation stands."""

    def __init__(self) -> None:
        self.items: list[tuple[str, Decimal | None]] = []
        self.outcome = "open"
        self.complete = False

    def note(self, analysis: Analysis) -> None:
        """Take in one more message."""
        for line in analysis.lines:
            self._change(line)
        if analysis.intent is Intent.CANCEL:
            self.outcome = "cancelled"
        elif analysis.intent is Intent.CONFIRM and self.complete and not analysis.order_complete:
            self.outcome = "confirmed"
        self.complete = analysis.order_complete or (self.complete and not analysis.lines)

    def _change(self, line: Line) -> None:
        if line.operation is Operation.ADD:
            self.items.append((line.product or "", line.quantity))
            return
        words = set((line.product or "").split())
        place = max(place for place, (name, _) in enumerate(self.items) if words <= set(name.split()))
        if line.operation is Operation.SET:
            self.items[place] = (self.items[place][0], line.quantity)
        else:
            del self.items[place]


@pytest.mark.parametrize("conversation", yaml.safe_load(CONVERSATIONS.read_text()), ids=itemgetter("name"))
def test_a_conversation_of_the_demo_is_understood(conversation: dict[str, Any]) -> None:
    notepad = Notepad()
    for message in conversation["messages"]:
        if "text" in message:
            notepad.note(analyze(message["text"], TODAY))
    expected = conversation["expect"]
    assert notepad.outcome == {"review": "confirmed"}.get(expected["outcome"], expected["outcome"])
    if "lines" in expected:
        assert [quantity for _, quantity in notepad.items] == [Decimal(str(line["quantity"])) for line in expected["lines"]]
