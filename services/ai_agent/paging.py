"""What routes of lists have in common: who calls, and ids that rise with time to go on behind."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from libs import auth, service
from libs.auth import Caller, Role
from libs.cursor import Cursors
from libs.service import Service

FIRST = UUID(int=0)
LAST = UUID(int=(1 << 128) - 1)

Operator = Annotated[Caller, auth.require(Role.OPERATOR)]
Manager = Annotated[Caller, auth.require(Role.MANAGER)]
Admin = Annotated[Caller, auth.require(Role.ADMIN)]
This = Annotated[Service, Depends(service.of)]
Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(min_length=1, max_length=200, description="`next` of the page before")]


def place(cursors: Cursors[UUID], cursor: str | None, otherwise: UUID) -> UUID:
    """Return the id behind which a list goes on. Raises CursorUnknown."""
    return cursors.decode(cursor) if cursor else otherwise
