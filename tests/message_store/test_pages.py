"""Pages of a conversation's parts meet without a gap, whatever comes between them."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.message_store import pages
from services.message_store.pages import Boundary

A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)
Message = tuple[UUID, int]

arrivals = st.lists(st.sampled_from([A, B, C]), max_size=30)
limits = st.integers(1, 5)


def placed(parts: list[UUID]) -> list[Message]:
    """The messages that come to these parts in turn, each with its place."""
    counts = dict.fromkeys((A, B, C), 0)
    messages = list[Message]()
    for part in parts:
        counts[part] += 1
        messages.append((part, counts[part]))
    return messages


def lasts(messages: list[Message]) -> dict[UUID, int]:
    return dict.fromkeys((A, B, C), 0) | dict(messages)


@given(arrivals, arrivals, limits)
def test_forwards_every_message_is_shown_once_in_its_order(there: list[UUID], to_come: list[UUID], limit: int) -> None:
    messages, seen, start, waiting = placed(there), list[Message](), pages.first_boundary(lasts([]), {}), list(to_come)
    while True:
        shown = [each for each in messages if each[1] > start[each[0]]][:limit]
        bounds = pages.after(lasts(messages), start, shown, limit)
        assert bounds.anything_before == bool(seen)
        assert bounds.anything_after == (len(seen) + len(shown) < len(messages))
        seen, start = seen + shown, bounds.end
        if not bounds.anything_after and not waiting:
            break
        messages = placed([*(part for part, _ in messages), *waiting[:2]])
        waiting = waiting[2:]
    assert seen == messages


@given(arrivals, arrivals, limits)
def test_backwards_every_message_that_was_there_is_shown_once(there: list[UUID], to_come: list[UUID], limit: int) -> None:
    messages, seen = placed(there), list[Message]()
    later = placed([*there, *to_come])
    end: Boundary = pages.last_boundary(lasts(messages), {})
    more = True
    while more:
        shown = [each for each in later if each[1] <= end[each[0]]][-limit:]
        bounds = pages.before(lasts(later), end, shown, limit)
        assert bounds.anything_after == (len(seen) + len(to_come) > 0)
        seen, end, more = shown + seen, bounds.start, bounds.anything_before
    assert seen == messages


def test_pages_that_meet_lead_to_each_other() -> None:
    messages = placed([A, B, A, C])
    last = pages.before(lasts(messages), lasts(messages), messages[-2:], 2)
    first = pages.after(lasts(messages), pages.first_boundary(lasts(messages), {}), messages[:2], 2)
    assert last.start == first.end
    assert not last.anything_after
    assert not first.anything_before
