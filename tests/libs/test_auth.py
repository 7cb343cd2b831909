"""Who is calling is read from a token that we can verify, by the algorithm that we chose, and from nothing else in it."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
import pytest_asyncio
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from libs import auth
from libs.auth import InvalidToken, Role, Verifier
from libs.settings import Settings

SECRET = "s" * 32
USER, TENANT = uuid4(), uuid4()
Key = str | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None


def claims(**changes: object) -> dict[str, Any]:
    """The claims of a signed-in user as Supabase Auth writes them; None leaves a claim out."""
    now = datetime.now(UTC)
    written: dict[str, Any] = {
        "iss": "comanda",
        "aud": "authenticated",
        "sub": str(USER),
        "iat": now,
        "exp": now + timedelta(hours=1),
        "role": "authenticated",
        "aal": "aal1",
        "session_id": str(uuid4()),
        "is_anonymous": False,
        "email": "dana@example.com",
        "app_metadata": {"provider": "email", "distributor_id": str(TENANT), "role": "MANAGER"},
        "user_metadata": {},
        "amr": [{"method": "password", "timestamp": 1}],
    }
    return {name: value for name, value in (written | changes).items() if value is not None}


def signed(key: Key = SECRET, algorithm: str | None = "HS256", headers: dict[str, Any] | None = None, **changes: object) -> str:
    """A token with these claims."""
    return jwt.encode(claims(**changes), key or "", algorithm=algorithm, headers=headers)


@pytest.fixture
def verifier(settings: Settings) -> Verifier:
    """Checks tokens by the shared secret."""
    return Verifier(settings)


async def test_a_user_is_known_by_a_token_that_the_secret_signed(verifier: Verifier) -> None:
    caller = await verifier.verify(signed())
    assert (caller.user_id, caller.distributor_id, caller.role) == (USER, TENANT, Role.MANAGER)


async def test_a_token_that_we_issue_is_one_that_we_trust(verifier: Verifier, settings: Settings) -> None:
    caller = await verifier.verify(auth.issue(settings, TENANT, Role.OWNER))
    assert (caller.distributor_id, caller.role) == (TENANT, Role.OWNER)


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": -timedelta(minutes=5)},
        {"iat": timedelta(minutes=5)},
        {"nbf": timedelta(minutes=5)},
        {"iss": "https://elsewhere.example/auth/v1"},
        {"aud": "anon"},
        {"aud": ["somebody", "else"]},
        {"exp": None},
        {"iat": None},
        {"iss": None},
        {"aud": None},
        {"sub": None},
        {"sub": "not a uuid"},
        {"role": "anon"},
        {"role": "service_role"},
        {"role": None},
        {"is_anonymous": True},
        {"app_metadata": None},
        {"app_metadata": "MANAGER"},
        {"app_metadata": {}},
        {"app_metadata": {"distributor_id": str(TENANT)}},
        {"app_metadata": {"role": "OWNER"}},
        {"app_metadata": {"distributor_id": str(TENANT), "role": "GOD"}},
        {"app_metadata": {"distributor_id": str(TENANT), "role": 4}},
        {"app_metadata": {"distributor_id": str(TENANT), "role": ["OWNER"]}},
        {"app_metadata": {"distributor_id": [str(TENANT)], "role": "OWNER"}},
        {"app_metadata": {"distributor_id": "*", "role": "OWNER"}},
    ],
    ids=str,
)
async def test_a_token_that_lacks_or_bends_a_claim_is_refused(verifier: Verifier, changes: dict[str, Any]) -> None:
    # Times are counted from when the test runs: a long run must not catch up with them.
    now = datetime.now(UTC)
    bent: dict[str, Any] = {name: now + value if isinstance(value, timedelta) else value for name, value in changes.items()}
    with pytest.raises(InvalidToken):
        await verifier.verify(signed(**bent))


async def test_what_a_user_may_write_gives_no_right(verifier: Verifier) -> None:
    other = {"distributor_id": str(uuid4()), "role": "OWNER"}
    caller = await verifier.verify(signed(user_metadata=other, distributor_id=other["distributor_id"], user_role=other["role"]))
    assert (caller.distributor_id, caller.role) == (TENANT, Role.MANAGER)
    with pytest.raises(InvalidToken):
        await verifier.verify(signed(app_metadata={}, user_metadata=other))


def _segment(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content, default=str).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "....", "é", "Bearer x", signed().rpartition(".")[0], signed()[:-2], signed("x" * 32)])
async def test_what_is_no_token_of_ours_is_refused(verifier: Verifier, token: str) -> None:
    with pytest.raises(InvalidToken):
        await verifier.verify(token)


async def test_the_token_does_not_choose_its_algorithm(verifier: Verifier) -> None:
    body = _segment(claims(iat=1, exp=9_999_999_999))
    key = ec.generate_private_key(ec.SECP256R1())
    forged = [f"{_segment({'alg': name, 'typ': 'JWT'})}.{body}." for name in ("none", "None", "nOnE")]
    for token in [*forged, signed(None, None), signed("s" * 64, "HS512"), signed(SECRET * 2, "HS384"), signed(key, "ES256")]:
        with pytest.raises(InvalidToken):
            await verifier.verify(token)


@dataclass
class Identity:
    """An identity provider: its keys, and a real server of their public halves."""

    url: str = ""
    requests: int = 0
    elliptic: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    modular: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    def keys(self) -> list[dict[str, Any]]:
        """The keys that the server shows; one of them it should never have shown."""
        return [
            {**json.loads(ECAlgorithm.to_jwk(self.elliptic.public_key())), "kid": "elliptic", "alg": "ES256", "use": "sig"},
            {**json.loads(RSAAlgorithm.to_jwk(self.modular.public_key())), "kid": "rsa", "alg": "RS256", "use": "sig"},
            {"kty": "oct", "k": base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="), "kid": "shared", "alg": "HS256", "use": "sig"},
        ]

    async def serve(self, _: web.Request) -> web.Response:
        """Answer with the keys."""
        self.requests += 1
        return web.json_response({"keys": self.keys()})


@pytest_asyncio.fixture
async def identity() -> AsyncIterator[Identity]:
    """An identity provider that answers."""
    provider = Identity()
    app = web.Application()
    app.router.add_get("/auth/v1/.well-known/jwks.json", provider.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    provider.url = f"http://127.0.0.1:{port}/auth/v1/.well-known/jwks.json"
    yield provider
    await runner.cleanup()


@pytest.fixture
def by_public_key(identity: Identity, settings: Settings) -> Verifier:
    """Checks tokens by the keys that the identity provider shows."""
    return Verifier(settings.model_copy(update={"jwt_secret": None, "jwks_url": identity.url}))


async def test_a_user_is_known_by_a_token_that_a_public_key_verifies(by_public_key: Verifier, identity: Identity) -> None:
    for key, algorithm, kid in ((identity.elliptic, "ES256", "elliptic"), (identity.modular, "RS256", "rsa")):
        caller = await by_public_key.verify(signed(key, algorithm, {"kid": kid}))
        assert (caller.user_id, caller.distributor_id, caller.role) == (USER, TENANT, Role.MANAGER)
    assert identity.requests == 1, "the keys are kept"


async def test_a_public_key_is_never_taken_for_a_secret(by_public_key: Verifier, identity: Identity) -> None:
    public = identity.elliptic.public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    raw = public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    for secret in (pem, raw, json.dumps(identity.keys()[0]).encode()):
        for kid in ("elliptic", "rsa", "shared"):
            with pytest.raises(InvalidToken):
                await by_public_key.verify(_hmac(secret, kid))


def _hmac(secret: bytes, kid: str) -> str:
    """A token signed with `secret`, whatever the library thinks of such a secret."""
    signing = f"{_segment({'alg': 'HS256', 'typ': 'JWT', 'kid': kid})}.{_segment(claims(iat=1, exp=9_999_999_999))}"
    return f"{signing}.{base64.urlsafe_b64encode(hmac.new(secret, signing.encode(), hashlib.sha256).digest()).rstrip(b'=').decode()}"


async def test_a_key_of_another_kind_or_owner_is_refused(by_public_key: Verifier, identity: Identity) -> None:
    stranger = ec.generate_private_key(ec.SECP256R1())
    tokens = [
        signed(SECRET, "HS256", {"kid": "shared"}),
        signed(stranger, "ES256", {"kid": "elliptic"}),
        signed(identity.elliptic, "ES256", {"kid": "rsa"}),
        signed(identity.modular, "RS512", {"kid": "rsa"}),
        signed(identity.elliptic, "ES256", {"kid": "unknown"}),
        signed(identity.elliptic, "ES256"),
    ]
    for token in tokens:
        with pytest.raises(InvalidToken):
            await by_public_key.verify(token)


async def test_a_provider_that_is_away_is_not_the_callers_fault(settings: Settings) -> None:
    away = Verifier(settings.model_copy(update={"jwt_secret": None, "jwks_url": "http://127.0.0.1:1/jwks.json"}))
    with pytest.raises(ConnectionError):
        await away.verify(signed(ec.generate_private_key(ec.SECP256R1()), "ES256", {"kid": "elliptic"}))


@pytest.mark.parametrize("changes", [{"jwt_secret": None}, {"jwks_url": "http://127.0.0.1:1/jwks.json"}], ids=["neither", "both"])
def test_a_service_is_told_exactly_one_way_to_verify_tokens(settings: Settings, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="either"):
        Verifier(settings.model_copy(update=changes))


def test_no_token_is_issued_where_another_provider_does_that(settings: Settings) -> None:
    with pytest.raises(ValueError, match="identity provider"):
        auth.issue(settings.model_copy(update={"jwt_secret": None}), TENANT, Role.OWNER)


def test_each_role_may_do_what_those_below_may() -> None:
    assert Role.OPERATOR < Role.MANAGER < Role.ADMIN < Role.OWNER
    assert [role.name for role in sorted(Role)] == ["OPERATOR", "MANAGER", "ADMIN", "OWNER"]
