"""What a person's correction of an order teaches. Pure."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from schemas.analysis import Analysis, Intent, Line
from schemas.order import OrderLine
from schemas.order_corrected import OrderCorrected
from services.ai_agent.analyzer import analyze
from services.ai_agent.redaction import redact


def lessons(event: OrderCorrected) -> Iterator[dict[str, Any]]:
    """Return an example for each line that was read from a message and had its quantity or unit put right, or was none at all."""
    after = {line.line_id: line for line in event.lines}
    for before in event.previous_lines:
        corrected = after.get(before.line_id)
        if before.original_text and before.original_text.strip() and _differs(before, corrected):
            yield _lesson(before, corrected, event.received_at.date())


def misread(event: OrderCorrected) -> list[str]:
    """Return the customer's words of the lines that were changed or taken out."""
    after = {line.line_id: line for line in event.lines}
    return [line.original_text for line in event.previous_lines if line.original_text and _differs(line, after.get(line.line_id))]


def reading_of(analysis: Analysis, text: str) -> dict[str, Any]:
    """Return an analysis in the form in which models answer."""
    return {
        "intent": analysis.intent,
        "lines": [_as_read(line, text[line.text_start : line.text_end] or text) for line in analysis.lines],
        "order_complete": analysis.order_complete,
        "references": list(analysis.references),
        "requested_delivery_date": analysis.requested_delivery_date.isoformat() if analysis.requested_delivery_date else None,
        "language": analysis.language,
        "confidence": 1.0,
    }


def _lesson(before: OrderLine, corrected: OrderLine | None, day: date) -> dict[str, Any]:
    text = redact(before.original_text or "")
    read = analyze(text, day)
    line = read.lines[0] if read.lines else Line(product=text[:200], text_end=len(text))
    meaning = Analysis(intent=Intent.OTHER, confidence=Decimal(1))
    if corrected is not None:
        unit = corrected.product_unit if corrected.product_unit != before.product_unit else line.unit
        line = line.model_copy(update={"quantity": corrected.quantity, "unit": unit})
        meaning = Analysis(intent=Intent.ORDER, lines=(line,), confidence=Decimal(1))
    was = line.model_copy(update={"quantity": before.quantity, "unit": before.product_unit})
    return {
        "input_text": text,
        "expected_output": reading_of(meaning, text),
        "expected_confidence": "1",
        "actual_output": reading_of(Analysis(intent=Intent.ORDER, lines=(was,), confidence=Decimal(1)), text),
        "actual_confidence": str(before.matching_confidence),
        "data_source": "CORRECTED_AI_OUTPUT",
        "redacted": True,
    }


def _differs(before: OrderLine, after: OrderLine | None) -> bool:
    return after is None or (before.quantity, before.product_unit) != (after.quantity, after.product_unit)


def _as_read(line: Line, words: str) -> dict[str, Any]:
    return {
        "operation": line.operation,
        "words": words,
        "quantity": None if line.quantity is None else float(line.quantity),
        "quantity_max": None if line.quantity_max is None else float(line.quantity_max),
        "unit": line.unit,
        "product": line.product,
        "replaces": line.replaces,
        "confidence": 1.0,
    }
