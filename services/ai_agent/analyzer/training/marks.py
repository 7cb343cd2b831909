"""What of the lines that were read is right."""

from typing import Any, NamedTuple

from services.ai_agent.analyzer.training.phrases import is_same_product, overlap, same_number, same_unit, stems

_WORDED = 0.8
_ALIKE = 0.5


def names(labels: dict[str, Any]) -> list[str]:
    """Every phrase that is right for a product."""
    return [labels[key] for key in ("product", "product_full", "core") if labels.get(key)]


class LineMarks(NamedTuple):
    """What of one line is right; `product_f1` is the overlap of the product phrase."""

    quantity: bool
    unit: bool
    product: bool
    product_f1: float

    @property
    def all_right(self) -> bool:
        """Tell whether quantity, unit and product are right."""
        return self.quantity and self.unit and self.product


def mark_line(labels: dict[str, Any], predicted: dict[str, Any]) -> LineMarks:
    """Compare one line with its labels. A range is right by either end or its middle, a double measure by either."""
    quantity, unit = _is_quantity(labels, predicted.get("quantity")), same_unit(predicted.get("unit"), labels.get("unit"))
    others = labels.get("alt", ()) if labels.get("category") == "dual" else ()
    if any(same_number(predicted.get("quantity"), amount) and same_unit(predicted.get("unit"), name) for amount, name in others):
        quantity = unit = True
    product = str(predicted.get("product") or "")
    exact = any(is_same_product(product, name) for name in names(labels) if name != labels.get("core"))
    return LineMarks(quantity, unit, exact, max(overlap(product, name) for name in names(labels)))


def _is_quantity(labels: dict[str, Any], predicted: float | None) -> bool:
    wanted = labels.get("quantity")
    if wanted is None or predicted is None:
        return wanted is predicted
    ends = [wanted]
    if labels.get("category") == "range":
        ends += [labels["quantity_max"], (wanted + labels["quantity_max"]) / 2]
    return any(same_number(predicted, end) for end in ends)


class MessageMarks(NamedTuple):
    """How many items of a message were wanted, read, found, and found with their quantity, their unit, their wording."""

    wanted: int
    read: int
    found: int
    quantity: int
    unit: int
    strict: int

    @property
    def exact(self) -> bool:
        """Tell whether each item was found with its quantity, and nothing else was read."""
        return self.wanted == self.read == self.found == self.quantity


def mark_message(items: list[dict[str, Any]], predicted: list[dict[str, Any]]) -> MessageMarks:
    """Compare the lines of a message with its items."""
    pairs = align(items, predicted)
    counted = [i for i, j in pairs.items() if items[i].get("quantity") is None or same_number(predicted[j].get("quantity"), items[i]["quantity"])]
    units = sum(same_unit(predicted[j].get("unit"), items[i].get("unit")) for i, j in pairs.items())
    strict = sum(max(overlap(str(predicted[pairs[i]].get("product") or ""), name) for name in names(items[i])) >= _WORDED for i in counted)
    return MessageMarks(len(items), len(predicted), len(pairs), len(counted), units, strict)


def align(items: list[dict[str, Any]], predicted: list[dict[str, Any]]) -> dict[int, int]:
    """Pair items with lines, the most alike first: at least half of the shorter phrase's words are shared."""
    pairs: list[tuple[float, int, int]] = []
    for i, item in enumerate(items):
        wanted = set(stems(item.get("core") or item["product"]))
        for j, line in enumerate(predicted):
            read = set(stems(str(line.get("product") or "")))
            share = len(wanted & read) / min(len(wanted), len(read)) if wanted and read else 0.0
            if share >= _ALIKE:
                pairs.append((share + 0.1 * same_number(line.get("quantity"), item.get("quantity")) - 0.01 * abs(i - j), i, j))
    chosen: dict[int, int] = {}
    for _, i, j in sorted(pairs, reverse=True):
        if i not in chosen and j not in chosen.values():
            chosen[i] = j
    return chosen


def mark_wholesale(labels: dict[str, Any], predicted: list[dict[str, Any]]) -> list[bool]:
    """For each line that was read, whether the labels have it: operation, quantity, range, unit, product and what it replaces."""
    left = list(labels["lines"])
    marks: list[bool] = []
    for line in predicted:
        found = next((wanted for wanted in left if _is_same_line(wanted, line)), None)
        marks.append(found is not None)
        if found is not None:
            left.remove(found)
    return marks


def _is_same_line(wanted: dict[str, Any], line: dict[str, Any]) -> bool:
    numbers = all(wanted.get(key) is line.get(key) is None or same_number(line.get(key), wanted.get(key)) for key in ("quantity", "quantity_max"))
    phrases = all(is_same_product(str(wanted.get(key) or ""), str(line.get(key) or "")) for key in ("product", "replaces"))
    return numbers and phrases and wanted["operation"] == line["operation"] and same_unit(line.get("unit"), wanted.get("unit"))
