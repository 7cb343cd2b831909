"""What pages of lists have in common: ids that rise with time, and a cursor that is the last one shown."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from libs import auth, service
from libs.auth import Caller, Role
from libs.service import Service

FIRST = UUID(int=0)
LAST = UUID(int=(1 << 128) - 1)

Operator = Annotated[Caller, auth.require(Role.OPERATOR)]
Manager = Annotated[Caller, auth.require(Role.MANAGER)]
Admin = Annotated[Caller, auth.require(Role.ADMIN)]
This = Annotated[Service, Depends(service.of)]
Limit = Annotated[int, Query(ge=1, le=200)]
