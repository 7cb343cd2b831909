"""`comanda eval match`: how often the right product is found in a folder of catalogs, phrases and right answers, how fast, and how well it knows."""

import csv
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated
from uuid import UUID, uuid5

import typer
from rich.console import Console
from rich.table import Table

from schemas.contact import COMANDA
from schemas.match import Match, Product
from services.catalog_matcher.domain.history import History, Purchase
from services.catalog_matcher.domain.index import Index
from services.catalog_matcher.domain.matching import match
from services.catalog_matcher.domain.segment import Entry

TENANT = uuid5(COMANDA, "distributor/evaluation")
BESIDE = ("brand", "manufacturer", "category", "keywords", "description")
SEPARATOR = "|"
DEFAULT_THRESHOLD = 0.7
BUCKETS = 10
LONGEST = 200


class NotReadable(Exception):
    """A file of the folder is missing, or lacks a column."""


@dataclass(frozen=True, slots=True)
class MatchSet:
    """A catalog, the phrases that are looked for in it, and the SKUs that are right for each."""

    name: str
    products: Sequence[dict[str, str]]
    queries: Sequence[tuple[str, str]]
    gold: dict[str, set[str]]

    def entries(self) -> list[Entry]:
        """Return the products as the index takes them."""
        return [_entry(row) for row in self.products]


@dataclass(frozen=True, slots=True)
class Result:
    """What came out for one set. `accepted` is the share that nobody has to look at, at the default threshold."""

    name: str
    products: int
    queries: int
    recall_at_1: float
    recall_at_5: float
    queries_per_second: float
    p99_ms: float
    build_seconds: float
    calibration_error: float
    accepted: float
    accepted_right: float


def command(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Holds catalog.tsv (sku, name, …), queries.tsv (qid, query) and gold.tsv (qid, sku); or folders that do"),
    ],
    customer_history: Annotated[
        Path | None, typer.Option(help="A TSV of what who asks has bought: qid, sku, and if known times, last, unit, quantity")
    ] = None,
    predictions: Annotated[Path | None, typer.Option(help="Write the SKUs found here, one JSON object a phrase")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table")] = False,
) -> None:
    """Which product of a catalog a phrase means."""
    try:
        results = run(folder, customer_history, predictions)
    except NotReadable as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps({result.name: asdict(result) for result in results}, indent=2))
    else:
        Console(highlight=False).print(_table(results))


def _table(results: Sequence[Result]) -> Table:
    table = Table("", *(result.name for result in results), title="Matching")
    for each in fields(Result)[1:]:
        table.add_row(each.name.replace("_", " "), *(f"{getattr(result, each.name):,}" for result in results))
    return table


def sets(folder: Path) -> Iterator[MatchSet]:
    """Yield the set of `folder`, or that of each folder in it. Raises NotReadable."""
    folders = [folder] if (folder / "catalog.tsv").exists() else sorted(file.parent for file in folder.glob("*/catalog.tsv"))
    if not folders:
        raise NotReadable(f"{folder} holds no catalog.tsv, nor does a folder in it; give the folder that holds catalog.tsv, queries.tsv and gold.tsv")
    for each in folders:
        gold: dict[str, set[str]] = defaultdict(set)
        for row in _rows(each / "gold.tsv", "qid", "sku"):
            gold[row["qid"]].add(row["sku"])
        queries = [(row["qid"], row["query"]) for row in _rows(each / "queries.tsv", "qid", "query")]
        yield MatchSet(each.name, _rows(each / "catalog.tsv", "sku", "name"), queries, gold)


def histories(file: Path) -> dict[str, History]:
    """Read who has bought what: qid, sku and, where known, times, last (a date), unit and quantity. Raises NotReadable."""
    purchases: dict[str, dict[UUID, Purchase]] = defaultdict(dict)
    for line, row in enumerate(_rows(file, "qid", "sku"), start=2):
        try:
            purchase = _purchase(row)
        except (ValueError, InvalidOperation):
            raise NotReadable(f"{file}, line {line}: times and quantity are numbers, last is a date such as 2025-01-31") from None
        purchases[row["qid"]][purchase.product_id] = purchase
    return {qid: History(of_customer) for qid, of_customer in purchases.items()}


def evaluate(given: MatchSet, known: dict[str, History], predicted: Callable[[str, list[str]], None]) -> Result:
    """Match every phrase, and tell `predicted` the SKUs of each, the likeliest first."""
    began = time.perf_counter()
    index = Index.of(given.entries())
    built = time.perf_counter() - began
    rank_1 = rank_5 = 0
    answers: list[tuple[float, bool]] = []
    took: list[float] = []
    spent = time.process_time()
    for qid, query in given.queries:
        began = time.perf_counter()
        found = match(index, query, history=known.get(qid, History()))
        took.append(time.perf_counter() - began)
        skus, right = _skus(found), given.gold.get(qid, set[str]())
        rank_1 += bool(right & set(skus[:1]))
        rank_5 += bool(right & set(skus[:5]))
        if found.product:
            answers.append((float(found.confidence), found.product.sku in right))
        predicted(qid, skus)
    spent = time.process_time() - spent
    count = max(1, len(given.queries))
    accepted = [right for confidence, right in answers if confidence >= DEFAULT_THRESHOLD]
    return Result(
        name=given.name,
        products=len(given.products),
        queries=len(given.queries),
        recall_at_1=round(rank_1 / count, 4),
        recall_at_5=round(rank_5 / count, 4),
        queries_per_second=round(count / max(spent, 1e-9)),
        p99_ms=round(sorted(took)[int(len(took) * 0.99)] * 1000, 2) if took else 0,
        build_seconds=round(built, 2),
        calibration_error=round(calibration_error(answers), 4),
        accepted=round(len(accepted) / count, 4),
        accepted_right=round(sum(accepted) / max(1, len(accepted)), 4),
    )


def calibration_error(answers: Iterable[tuple[float, bool]]) -> float:
    """Return how far confidence and the share of right answers are apart, in ten buckets of confidence, weighed by their answers."""
    buckets: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for confidence, right in answers:
        buckets[min(int(confidence * BUCKETS), BUCKETS - 1)].append((confidence, right))
    total = sum(map(len, buckets.values()))
    return sum(abs(sum(confidence - right for confidence, right in bucket)) for bucket in buckets.values()) / max(1, total)


def run(folder: Path, history: Path | None, predictions: Path | None) -> list[Result]:
    """Evaluate every set of `folder`, and write what was found to `predictions`, one JSON object a phrase. Raises NotReadable."""
    known = histories(history) if history else {}
    lines: list[str] = []
    results = [evaluate(given, known, lambda qid, skus: lines.append(json.dumps({"qid": qid, "skus": skus}))) for given in sets(folder)]
    if predictions:
        predictions.write_text("".join(f"{line}\n" for line in lines))
    return results


def _skus(found: Match) -> list[str]:
    first = [found.product.sku] if found.product else []
    return first + [candidate.product.sku for candidate in found.alternatives]


def _entry(row: dict[str, str]) -> Entry:
    name = row["name"][:LONGEST]
    return Entry(
        distributor_id=TENANT,
        product=Product.model_construct(
            product_id=_product_id(row["sku"]), sku=row["sku"], name=name, unit=row.get("unit") or "each", unit_price=Decimal(0)
        ),
        aliases=tuple(alias for alias in (row.get("aliases") or "").split(SEPARATOR) if alias),
        beside=tuple(text[:LONGEST] for column in BESIDE if (text := row.get(column))),
    )


def _purchase(row: dict[str, str]) -> Purchase:
    return Purchase(
        product_id=_product_id(row["sku"]),
        unit=row.get("unit") or "each",
        times=int(row.get("times") or 1),
        last=date.fromisoformat(row["last"]) if row.get("last") else date.min,
        usual_quantity=Decimal(row["quantity"]) if row.get("quantity") else None,
    )


def _product_id(sku: str) -> UUID:
    return uuid5(TENANT, sku)


def _rows(file: Path, *columns: str) -> list[dict[str, str]]:
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    except (OSError, UnicodeDecodeError) as error:
        raise NotReadable(f"{file}: {error}") from None
    if missing := [column for column in columns if rows and rows[0].get(column) is None]:
        raise NotReadable(f"{file} has no column {', '.join(missing)}; the first line names the columns, with tabs between them")
    return rows
