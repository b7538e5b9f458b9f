"""Every user pool signs with a key of its own.

What AWS does: each pool has its keys, published at `/{poolId}/.well-known/jwks.json`.
What moto 5.2.5 does: all pools of all installations share one private key that is part of the package, named "dummy".
Why Penstock needs it: local mode would accept a token that anybody can forge, and one of another state folder.
"""

import json
from typing import Any

import moto.cognitoidp.models
import moto.cognitoidp.urls
from joserfc import jwk, jwt
from moto.cognitoidp.models import CognitoIdpUserPool, cognitoidp_backends
from moto.cognitoidp.responses import CognitoIdpJsonWebKeyResponse

from local.emulator.patching import replace

BITS = 2048


class _Signer:
    """Takes the place of joserfc's jwt in moto's Cognito: names the key that really signs."""

    @staticmethod
    def encode(headers: dict[str, Any], payload: dict[str, Any], key: jwk.RSAKey) -> str:
        return jwt.encode({**headers, "kid": key.kid}, payload, key)


def _pool(self: CognitoIdpUserPool, *arguments: Any, **options: Any) -> None:
    _make_pool(self, *arguments, **options)
    self.json_web_key = jwk.RSAKey.generate_key(BITS, auto_kid=True)


def _serve(*request: Any) -> tuple[int, dict[str, str], bytes]:
    """moto calls it with (request, URL, headers); the pool's id is the first part of the path."""
    pool_id = request[0].path.strip("/").split("/")[0]
    backends: Any = cognitoidp_backends
    for _, _, backend in backends.iter_backends():
        pool = backend.user_pools.get(pool_id)
        if pool is not None:
            key = {**pool.json_web_key.as_dict(private=False), "alg": "RS256", "use": "sig"}
            return 200, {"Content-Type": "application/json"}, json.dumps({"keys": [key]}).encode()
    return 404, {"Content-Type": "application/json"}, b'{"message": "User pool does not exist."}'


_make_pool = CognitoIdpUserPool.__init__


def apply() -> None:
    replace(moto.cognitoidp.models, "jwt", _Signer)
    replace(CognitoIdpUserPool, "__init__", _pool)
    replace(CognitoIdpJsonWebKeyResponse, "serve_json_web_key", staticmethod(_serve))
    paths = moto.cognitoidp.urls.url_paths
    for path in [path for path in paths if path.endswith("jwks.json$")]:
        paths[path] = _serve
