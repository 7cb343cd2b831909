"""Where a list goes on: what a page hands out, and its caller sends back as it is."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter
from pydantic_core import to_json

from libs.refused import Refused

Place = TypeVar("Place")


class CursorUnknown(Refused):
    """A cursor that this list did not hand out."""

    status = 400


class Cursors(Generic[Place]):
    """The cursors of one list. `form` names the list and how its places are written: what is of another form is refused, not misread."""

    def __init__(self, form: str, place: type[Place] | Any) -> None:  # noqa: ANN401 - an annotated type is none to the type checker
        self._form = form.encode()
        self._place: TypeAdapter[Place] = TypeAdapter(place)

    def encode(self, place: Place) -> str:
        """Return the cursor of a place."""
        return urlsafe_b64encode(self._form + b" " + to_json(place)).rstrip(b"=").decode()

    def decode(self, cursor: str) -> Place:
        """Return the place of a cursor. Raises CursorUnknown."""
        try:
            form, _, place = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).partition(b" ")
            if form == self._form:
                return self._place.validate_json(place)
        except ValueError:
            pass
        raise CursorUnknown("this cursor is not one of this list; begin without one")
