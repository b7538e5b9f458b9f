"""Who a bearer token speaks for: a JWT of our Cognito pool, or of an external OIDC issuer. No token is ever logged."""

from collections.abc import Mapping
from typing import Any

import jwt
from jwt import PyJWKClient
from jwt.exceptions import PyJWKClientConnectionError, PyJWKClientError, PyJWKSetError

ALGORITHM = "RS256"
LEEWAY_SECONDS = 10
KEYS_KEPT_SECONDS = 3600
# A token that names an unknown key makes us look for new ones, but not more often than this.
KEYS_COOLDOWN_SECONDS = 10
KEYS_TIMEOUT_SECONDS = 3
LONGEST_SUBJECT = 256

COGNITO = "https://cognito-idp."
_REQUIRED = ("exp", "iat", "iss", "sub")
_ACCESS_TYPES = frozenset({"at+jwt", "application/at+jwt"})

# In PyJWT's tree the later ones are the more general.
_FAULTS: tuple[tuple[type[Exception], str], ...] = (
    (jwt.ExpiredSignatureError, "token_expired"),
    (jwt.ImmatureSignatureError, "token_not_yet_valid"),
    (jwt.InvalidIssuedAtError, "token_not_yet_valid"),
    (jwt.InvalidSignatureError, "token_forged"),
    (jwt.InvalidIssuerError, "token_of_other_issuer"),
    (jwt.MissingRequiredClaimError, "token_incomplete"),
    (jwt.exceptions.InvalidSubjectError, "token_incomplete"),
    (jwt.InvalidAlgorithmError, "token_algorithm"),
    (jwt.PyJWTError, "token_malformed"),
)
# Without such a type, these claims tell.
_ACCESS_CLAIMS = frozenset({"scope", "scp"})
_ID_CLAIMS = frozenset({"nonce", "at_hash"})


class Rejected(Exception):
    """`code` says why, for `admission.REASONS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Verifier:
    """Verifies access tokens of one issuer for one client. Keys are fetched at the first token, then kept."""

    def __init__(self, issuer: str, client_id: str, jwks_url: str) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._own_pool = issuer.startswith(COGNITO)
        self._keys = PyJWKClient(
            jwks_url,
            lifespan=KEYS_KEPT_SECONDS,
            timeout=KEYS_TIMEOUT_SECONDS,
            cooldown_duration=KEYS_COOLDOWN_SECONDS,
        )

    def identify(self, authorization: str | None) -> dict[str, Any]:
        """The authorizer's context: {sub, username, groups}, or {problem} with the code of what is wrong."""
        try:
            return _context(self._verified(_bearer(authorization)))
        except Rejected as rejected:
            return {"problem": rejected.code}

    def _verified(self, token: str) -> Mapping[str, Any]:
        header = self._look(token)
        options: Any = {"require": list(_REQUIRED), "verify_aud": False}
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token,
                self._key(header),
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options=options,
            )
        except jwt.PyJWTError as error:
            raise _rejection(error) from error
        self._check_use(header, claims)
        return claims

    def _look(self, token: str) -> Mapping[str, Any]:
        """The unverified header, once nothing in the token rules it out without asking for a key."""
        try:
            seen = jwt.decode_complete(token, options={"verify_signature": False})
        except jwt.PyJWTError as error:
            raise Rejected("token_malformed") from error
        if seen["header"].get("alg") != ALGORITHM:
            raise Rejected("token_algorithm")
        if seen["payload"].get("iss") != self._issuer:
            raise Rejected("token_of_other_issuer")
        header: Mapping[str, Any] = seen["header"]
        return header

    def _key(self, header: Mapping[str, Any]) -> jwt.PyJWK:
        try:
            key = self._keys.get_signing_key(str(header.get("kid", "")))
        except (PyJWKClientConnectionError, PyJWKSetError, OSError, ValueError) as error:
            raise Rejected("keys_unavailable") from error
        except PyJWKClientError as error:
            raise Rejected("token_key_unknown") from error
        if key.key_type != "RSA":
            raise Rejected("token_key_unknown")
        return key

    def _check_use(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> None:
        """An access token, made for our client. What an issuer other than Cognito calls one is told by RFC 9068."""
        if not self._is_access(header, claims):
            raise Rejected("token_not_access")
        audience = claims.get("aud", ())
        audiences = () if self._own_pool else (audience if isinstance(audience, list) else [audience])
        if self._client_id not in (claims.get("client_id"), *audiences):
            raise Rejected("token_of_other_client")

    def _is_access(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
        use = claims.get("token_use")
        if use is not None or self._own_pool:
            return use == "access"
        declared = str(header.get("typ", "")).lower() in _ACCESS_TYPES
        return declared or (bool(_ACCESS_CLAIMS & claims.keys()) and not _ID_CLAIMS & claims.keys())


def _bearer(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").strip().partition(" ")
    if not scheme:
        raise Rejected("token_missing")
    if scheme.lower() != "bearer" or not token.strip():
        raise Rejected("token_malformed")
    return token.strip()


def _rejection(error: jwt.PyJWTError) -> Rejected:
    return Rejected(next(code for kind, code in _FAULTS if isinstance(error, kind)))


def _context(claims: Mapping[str, Any]) -> dict[str, Any]:
    subject = claims["sub"]
    if not isinstance(subject, str) or not subject.strip() or len(subject) > LONGEST_SUBJECT:
        raise Rejected("token_incomplete")
    names = (claims.get(name) for name in ("username", "preferred_username"))
    groups = claims.get("cognito:groups") or claims.get("groups") or []
    return {
        "sub": subject,
        "username": next((name for name in names if isinstance(name, str)), "")[:LONGEST_SUBJECT],
        "groups": [str(group) for group in groups] if isinstance(groups, list) else [],
    }
