"""What the routes ask of a request."""

from typing import Annotated

from fastapi import Depends, Query

from libs import auth, service
from libs.auth import Caller, Role
from libs.service import Service

Operator = Annotated[Caller, auth.require(Role.OPERATOR)]
Manager = Annotated[Caller, auth.require(Role.MANAGER)]
This = Annotated[Service, Depends(service.of)]
Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(min_length=1, max_length=200, description="What the page before called `next`")]
