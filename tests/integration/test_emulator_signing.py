"""User pools of the emulator: keys of their own, published where a verifier looks."""

from collections.abc import Iterator
from typing import Any

import boto3
import jwt
import pytest
import requests
from joserfc import jwk
from joserfc import jwt as forger
from moto.utilities.utils import load_resource

from local.emulator import Emulator

REGION = "us-east-1"
PASSWORD = "Correct-Horse-1"


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator() as started:
        yield started


def token() -> tuple[str, str]:
    """A new pool's id and an access token of its one user."""
    cognito: Any = boto3.client("cognito-idp", region_name=REGION)
    pool = cognito.create_user_pool(PoolName="people")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="app")["UserPoolClient"]["ClientId"]
    cognito.admin_create_user(UserPoolId=pool, Username="demo")
    cognito.admin_set_user_password(UserPoolId=pool, Username="demo", Password=PASSWORD, Permanent=True)
    answer = cognito.initiate_auth(
        AuthFlow="USER_PASSWORD_AUTH", ClientId=client, AuthParameters={"USERNAME": "demo", "PASSWORD": PASSWORD}
    )
    return pool, answer["AuthenticationResult"]["AccessToken"]


def verified(emulator: Emulator, pool: str, given: str) -> dict[str, Any]:
    keys = jwt.PyJWKClient(f"{emulator.url}/{pool}/.well-known/jwks.json", cache_keys=False)
    claims: dict[str, Any] = jwt.decode(given, keys.get_signing_key_from_jwt(given).key, algorithms=["RS256"])
    return claims


def test_a_token_verifies_with_the_key_its_pool_publishes(emulator: Emulator) -> None:
    pool, given = token()
    claims = verified(emulator, pool, given)
    assert (claims["username"], claims["token_use"]) == ("demo", "access")
    assert claims["iss"] == f"https://cognito-idp.{REGION}.amazonaws.com/{pool}"


def test_a_token_of_another_pool_or_of_the_key_everybody_has_does_not(emulator: Emulator) -> None:
    pool, given = token()
    _, foreign = token()
    shared = jwk.RSAKey.import_key(load_resource("cognitoidp/resources/jwks-private.json"))
    kid = jwt.get_unverified_header(given)["kid"]
    forged = forger.encode({"kid": kid, "alg": "RS256"}, {"username": "admin", "exp": 2**33}, shared)
    with pytest.raises(jwt.PyJWKClientError):
        verified(emulator, pool, foreign)
    with pytest.raises(jwt.InvalidSignatureError):
        verified(emulator, pool, forged)


def test_an_unknown_pool_publishes_nothing(emulator: Emulator) -> None:
    answer = requests.get(f"{emulator.url}/{REGION}_nobody/.well-known/jwks.json", timeout=5)
    assert (answer.status_code, "keys" in answer.json()) == (404, False)
