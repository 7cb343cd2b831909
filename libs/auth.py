"""Who is calling, and what they may do: tokens of Supabase Auth's shape.

The algorithm follows from how this installation is configured, never from the token. The tenant and the role are read from the verified
`app_metadata`, which only the server can write, never from `user_metadata`.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID, uuid4

import jwt
from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from libs.settings import Settings

SHARED_SECRET_ALGORITHM = "HS256"  # noqa: S105 - a name, not a secret
PUBLIC_KEY_ALGORITHMS = ("ES256", "RS256")
CLOCK_SKEW_SECONDS = 10
REQUIRED_CLAIMS = ("exp", "iat", "iss", "aud", "sub")


class Role(IntEnum):
    """What a user may do; each may do what those below may."""

    OPERATOR = 1
    MANAGER = 2
    ADMIN = 3
    OWNER = 4


@dataclass(frozen=True, slots=True)
class Caller:
    """The user behind a request, as the verified token names them."""

    user_id: UUID
    distributor_id: UUID
    role: Role


class InvalidToken(Exception):
    """The token is not to be trusted."""


class Verifier:
    """Checks tokens by the shared secret, or by the public keys that a JWKS address serves."""

    def __init__(self, settings: Settings) -> None:
        if (settings.jwt_secret is None) == (settings.jwks_url is None):
            raise ValueError("set either COMANDA_JWT_SECRET or COMANDA_JWKS_URL")
        self._secret = settings.jwt_secret
        self._keys = jwt.PyJWKClient(settings.jwks_url, cache_keys=True, lifespan=600) if settings.jwks_url else None
        self._issuer = settings.jwt_issuer
        self._audience = settings.jwt_audience

    async def verify(self, token: str) -> Caller:
        """Return who signed in. Raises InvalidToken with a reason that may be shown, ConnectionError while the public keys cannot be had."""
        try:
            key, algorithm = await self._key(token)
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                issuer=self._issuer,
                audience=self._audience,
                leeway=CLOCK_SKEW_SECONDS,
                options={"require": list(REQUIRED_CLAIMS)},
            )
        except jwt.PyJWKClientConnectionError as error:
            raise ConnectionError("the identity provider does not answer") from error
        except jwt.PyJWTError as error:
            raise InvalidToken(f"the token was refused: {type(error).__name__}") from error
        return _caller(claims)

    async def _key(self, token: str) -> tuple[Any, str]:
        if self._secret:
            return self._secret.get_secret_value(), SHARED_SECRET_ALGORITHM
        if self._keys is None:
            raise InvalidToken("no key is configured")
        found = await asyncio.to_thread(self._keys.get_signing_key_from_jwt, token)
        if found.algorithm_name not in PUBLIC_KEY_ALGORITHMS:
            raise InvalidToken("the key's algorithm is not allowed")
        return found.key, found.algorithm_name


def _caller(claims: dict[str, Any]) -> Caller:
    app_metadata = claims.get("app_metadata")
    if claims.get("role") != "authenticated" or claims.get("is_anonymous") or not isinstance(app_metadata, dict):
        raise InvalidToken("the token is not of a signed-in user")
    try:
        return Caller(UUID(claims["sub"]), UUID(app_metadata["distributor_id"]), Role[app_metadata["role"]])
    except (KeyError, ValueError, TypeError, AttributeError):
        raise InvalidToken("app_metadata must name distributor_id and role") from None


def issue(settings: Settings, distributor_id: UUID, role: Role, lifetime: timedelta = timedelta(hours=1)) -> str:
    """Return a token of a new user, for local use, signed with the shared secret. Raises ValueError where there is none."""
    if settings.jwt_secret is None:
        raise ValueError("tokens are issued by the identity provider here: COMANDA_JWT_SECRET is not set")
    now = datetime.now(UTC)
    user_id = str(uuid4())
    claims: dict[str, Any] = {
        "iss": settings.jwt_issuer,
        "aud": settings.jwt_audience,
        "sub": user_id,
        "iat": now,
        "exp": now + lifetime,
        "role": "authenticated",
        "aal": "aal1",
        "session_id": str(uuid4()),
        "is_anonymous": False,
        "app_metadata": {"distributor_id": str(distributor_id), "role": role.name},
        "user_metadata": {},
    }
    return jwt.encode(claims, settings.jwt_secret.get_secret_value(), algorithm=SHARED_SECRET_ALGORITHM)


_bearer = HTTPBearer(auto_error=False)


async def authenticate(request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Caller:
    """FastAPI dependency: the caller, or 401."""
    verifier: Verifier = request.app.state.verifier
    if credentials is None:
        raise _unauthorized("send a token: Authorization: Bearer …")
    try:
        return await verifier.verify(credentials.credentials)
    except InvalidToken as error:
        raise _unauthorized(str(error)) from error


def _unauthorized(detail: str) -> HTTPException:
    return HTTPException(HTTPStatus.UNAUTHORIZED, detail, {"WWW-Authenticate": "Bearer"})


def require(role: Role) -> Any:  # noqa: ANN401 - what Depends returns
    """FastAPI dependency: the caller, if they have at least `role`, else 403."""

    async def check(caller: Annotated[Caller, Depends(authenticate)]) -> Caller:
        if caller.role < role:
            raise HTTPException(HTTPStatus.FORBIDDEN, f"this needs the role {role.name}; yours is {caller.role.name}")
        return caller

    return Depends(check)
