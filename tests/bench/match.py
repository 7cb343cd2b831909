"""The matching engine beside what a team would otherwise put together, on labelled catalogs and on made ones; one core."""

import random
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tantivy
from rapidfuzz import fuzz, utils
from rapidfuzz.process import cdist
from sklearn.feature_extraction.text import TfidfVectorizer

from deploy.commands.eval_match import MatchSet, evaluate, sets
from tests.bench import groceries

Ranking = list[list[int]]
"""For each phrase the numbers of products, the likeliest first."""
CANDIDATES = 50
AT_ONCE = 32
SEED = 20
NOT_GIVEN = "matching: skipped, since `--data DIR` names no folder of catalogs, phrases and right answers"


def match(data: Path | None, made: int = 300) -> dict[str, Any]:
    """Return recall@1, recall@5 and phrases a second of Comanda and of its peers, by set; of `data` and of two made catalogs."""
    if data is None:
        return {"skipped": NOT_GIVEN}
    return {given.name: _measure(given) for given in [*sets(data), *made_sets(data, made)]}


def made_sets(data: Path, count: int) -> list[MatchSet]:
    """Return catalogs of 50,000 and 25,000 groceries, none of which anything was learned from, with noisy and with plain phrases."""
    nouns = tuple(row["name"] for given in sets(data) for row in given.products)
    found: list[MatchSet] = []
    for size, names in ((50_000, nouns), (25_000, ())):
        chance = random.Random(SEED + size)
        catalog = groceries.catalog(size, chance, names)
        found += [groceries.as_set(f"{kind.__name__} {size}", kind(catalog, count, chance)) for kind in (groceries.noisy, groceries.plain)]
    return found


def _measure(given: MatchSet) -> dict[str, Any]:
    ours = evaluate(given, {}, lambda _qid, _skus: None)
    figures: dict[str, Any] = {"Comanda": [ours.recall_at_1, ours.recall_at_5, ours.queries_per_second]}
    names = [utils.default_process(" ".join(text for key, text in row.items() if key not in {"sku", "group"} and text)) for row in given.products]
    queries = [utils.default_process(query) for _, query in given.queries]
    grams, tfidf = _timed(lambda: _tantivy(names, queries, "three")), _timed(lambda: _tfidf(names, queries))
    ways: dict[str, tuple[Ranking, float]] = {
        "rapidfuzz token_set, brute force": _timed(lambda: _brute(names, queries)),
        "TF-IDF of character 2-4-grams": tfidf,
        "tantivy, BM25 of stemmed words": _timed(lambda: _tantivy(names, queries, "en_stem")),
        "tantivy, BM25 of 3-grams": grams,
        "tantivy 3-grams + rapidfuzz": _then(names, queries, grams),
        "TF-IDF + rapidfuzz": _then(names, queries, tfidf),
    }
    skus = [row["sku"] for row in given.products]
    for way, (ranking, took) in ways.items():
        right = [[skus[number] in given.gold[qid] for number in found] for (qid, _), found in zip(given.queries, ranking, strict=True)]
        figures[way] = [round(float(np.mean([any(each[:most]) for each in right])), 4) for most in (1, 5)] + [round(len(queries) / took)]
    return figures


def _timed(way: Callable[[], tuple[Ranking, float]]) -> tuple[Ranking, float]:
    """Return what was found, and the seconds of one core that the phrases took; building the index is not counted."""
    began = time.process_time()
    found, building = way()
    return found, max(time.process_time() - began - building, 1e-9)


def _then(names: Sequence[str], queries: Sequence[str], first: tuple[Ranking, float]) -> tuple[Ranking, float]:
    began = time.process_time()
    found = [_reranked(names, query, candidates) for query, candidates in zip(queries, first[0], strict=True)]
    return found, first[1] + time.process_time() - began


def _reranked(names: Sequence[str], query: str, candidates: list[int]) -> list[int]:
    return sorted(candidates, key=lambda number: -fuzz.token_set_ratio(query, names[number]) - fuzz.ratio(query, names[number]) / 100)


def _brute(names: Sequence[str], queries: Sequence[str]) -> tuple[Ranking, float]:
    found: Ranking = []
    for start in range(0, len(queries), AT_ONCE):
        scores = cdist(queries[start : start + AT_ONCE], names, scorer=fuzz.token_set_ratio, dtype=np.float32)
        found += [np.argsort(-row, kind="stable")[:CANDIDATES].tolist() for row in scores]
    return found, 0


def _tfidf(names: Sequence[str], queries: Sequence[str]) -> tuple[Ranking, float]:
    began = time.process_time()
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
    matrix = vectors.fit_transform(names).T.tocsr()
    building = time.process_time() - began
    wanted = vectors.transform(queries)
    found: Ranking = []
    for start in range(0, len(queries), AT_ONCE):
        for row in (wanted[start : start + AT_ONCE] @ matrix).toarray():
            best = np.argpartition(-row, CANDIDATES)[:CANDIDATES]
            found.append(best[np.argsort(-row[best], kind="stable")].tolist())
    return found, building


def _tantivy(names: Sequence[str], queries: Sequence[str], tokenizer: str) -> tuple[Ranking, float]:
    began = time.process_time()
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("text", stored=False, tokenizer_name=tokenizer)
    builder.add_integer_field("number", stored=True)
    index = tantivy.Index(builder.build())
    if tokenizer == "three":
        index.register_tokenizer(tokenizer, tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.ngram(3, 3, False)).build())
    writer = index.writer(50_000_000, 1)
    for number, name in enumerate(names):
        writer.add_document(tantivy.Document(text=name, number=number))
    writer.commit()
    index.reload()
    searcher = index.searcher()
    building = time.process_time() - began
    found: Ranking = []
    for query in queries:
        asked = _grams(index, query) if tokenizer == "three" else index.parse_query(" ".join(re.findall(r"\w+", query)) or "nothing", ["text"])
        found.append([searcher.doc(address)["number"][0] for _, address in searcher.search(asked, CANDIDATES).hits])
    return found, building


def _grams(index: tantivy.Index, query: str) -> tantivy.Query:
    grams = {query[at : at + 3] for at in range(max(1, len(query) - 2))}
    terms = [(tantivy.Occur.Should, tantivy.Query.term_query(index.schema, "text", gram, index_option="freq")) for gram in grams]
    return tantivy.Query.boolean_query(terms)
