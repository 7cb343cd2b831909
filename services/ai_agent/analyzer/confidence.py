"""How sure a line and an analysis are: how often such readings were right in training."""

from collections.abc import Sequence
from decimal import Decimal

from schemas.analysis import Line
from services.ai_agent.analyzer.learned import Learned

OPEN = Decimal("0.5")
"""A range leaves the number open: who delivers its lower end guesses."""


def line_confidence(learned: Learned, line: Line) -> Decimal:
    """How often lines like this one, as the grammar read it, are right."""
    found = learned.line_confidence(kinds(line))
    return found if line.quantity_max is None else min(found, OPEN)


def kinds(line: Line) -> tuple[str, ...]:
    """The kinds of a line as the grammar read it, the narrowest first."""
    read = f"{line.operation} {line.confidence}"
    has = f"quantity {line.quantity is not None} unit {line.unit is not None}"
    return (f"{read} {has} product {line.product is not None}", f"{read} quantity {line.quantity is not None}", str(line.confidence))


def score(likelihood: float, lines: Sequence[Line]) -> float:
    """What an analysis is worth: how likely its intent is, times its weakest line."""
    return likelihood * min((float(line.confidence) for line in lines), default=1.0)
