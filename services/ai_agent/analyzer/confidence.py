"""Kinds of lines, of which training has counted how many were right."""

from collections.abc import Sequence

from schemas.analysis import Line


def kinds(line: Line) -> tuple[str, ...]:
    """The kinds of a line as the grammar read it, the narrowest first."""
    read = f"{line.operation} {line.confidence}"
    has = f"quantity {line.quantity is not None} unit {line.unit is not None} range {line.quantity_max is not None}"
    return (f"{read} {has} product {line.product is not None}", f"{read} quantity {line.quantity is not None}", str(line.confidence))


def score(likelihood: float, lines: Sequence[Line]) -> float:
    """What an analysis is worth: how likely its intent is, times its weakest line."""
    return likelihood * min((float(line.confidence) for line in lines), default=1.0)
