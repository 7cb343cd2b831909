"""A cursor leads on where its page ended, and whatever else somebody sends is refused."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AwareDatetime

from libs.cursor import Cursors, CursorUnknown

PLACE = (datetime(2026, 11, 22, 9, 30, 0, 123_456, tzinfo=UTC), UUID(int=7))
cursors: Cursors[tuple[datetime, UUID]] = Cursors("things/1", tuple[AwareDatetime, UUID])


def test_a_cursor_leads_back_to_its_place_and_fits_into_an_address() -> None:
    cursor = cursors.encode(PLACE)
    assert cursors.decode(cursor) == PLACE
    assert cursor.replace("-", "").replace("_", "").isalnum()


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_rank_comes_back_as_it_was(rank: float) -> None:
    ranks: Cursors[float] = Cursors("ranks/1", float)
    assert ranks.decode(ranks.encode(rank)) == rank


def test_the_cursor_of_another_list_or_an_older_form_is_refused() -> None:
    for form in ("things/2", "others/1", "things/10"):
        other: Cursors[tuple[datetime, UUID]] = Cursors(form, tuple[AwareDatetime, UUID])
        with pytest.raises(CursorUnknown) as caught:
            cursors.decode(other.encode(PLACE))
        assert caught.value.status == 400


@pytest.mark.parametrize(
    "content", [b"", b"things/1", b"things/1 ", b"things/1 []", b'things/1 ["x", "y"]', b'things/1 ["2026-01-01T00:00:00", 7]', b"\xff"]
)
def test_what_is_no_place_is_refused(content: bytes) -> None:
    with pytest.raises(CursorUnknown):
        cursors.decode(urlsafe_b64encode(content).decode())


@given(st.text(max_size=50))
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(CursorUnknown, match="begin without one"):
        cursors.decode(text)
