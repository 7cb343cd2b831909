"""A server that keeps failing is left alone, and asked again in time."""

from libs.llm.breaker import FAILURES_TO_OPEN, PAUSE_SECONDS, Breaker


def test_it_opens_after_some_failures_and_lets_one_call_through_after_the_pause() -> None:
    breaker = Breaker()
    for _ in range(FAILURES_TO_OPEN):
        assert breaker.allows(0)
        breaker.failed(0)
    assert not breaker.allows(PAUSE_SECONDS - 1)
    assert breaker.allows(PAUSE_SECONDS)
    assert not breaker.allows(PAUSE_SECONDS), "the others wait for what becomes of it"


def test_a_success_closes_it_again() -> None:
    breaker = Breaker()
    for _ in range(FAILURES_TO_OPEN):
        breaker.failed(0)
    assert breaker.allows(PAUSE_SECONDS)
    breaker.succeeded()
    assert all(breaker.allows(PAUSE_SECONDS) for _ in range(10))
