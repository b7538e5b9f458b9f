"""Each event for `sam local invoke`, through the real handler, on the template's own resources."""

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from penstock import settings, wiring
from tests.house import House

ROOT = Path(__file__).parents[2]
EVENTS = sorted((ROOT / "events").glob("*.json"))
NOTHING_LEFT: dict[str, list[str]] = {"batchItemFailures": []}
# What an HTTP event is answered with; the others settle all that they bring.
STATUS = {
    "api-create-job": 201,
    "api-healthz": 200,
    "api-list-jobs": 200,
    "api-no-token": 401,
    "api-not-found": 404,
}
ORIGINAL_PARTS = wiring.parts
PROBLEMS = {"authorizer-bad-token": "token_of_other_issuer", "authorizer-no-token": "token_missing"}


@pytest.fixture
def deployed(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """The functions' environment, as the template sets it, and modules that have not been called yet."""
    found = house.resources
    values = {
        "TABLE_NAME": house.tables.name,
        "AWS_ENDPOINT_URL_DYNAMODB": house.tables.client.meta.endpoint_url,
        "BUCKET_NAME": found["Bucket"]["Ref"],
        **{f"QUEUE_URL_{name.upper()}": found[f"Queue{name}"]["QueueUrl"] for name in ("High", "Normal", "Low")},
        "ISSUER": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_ours",
        "CLIENT_ID": "ours",
        "OFFLINE_WRITER": "true",
        "POWERTOOLS_SERVICE_NAME": "penstock",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(wiring, "parts", ORIGINAL_PARTS)  # made from that environment, not the house's
    monkeypatch.syspath_prepend(str(ROOT / "functions"))
    _forget()
    yield house
    _forget()


def _forget() -> None:
    settings.settings.cache_clear()
    wiring.parts.cache_clear()
    for path in (ROOT / "functions").glob("*.py"):
        sys.modules.pop(path.stem, None)


def invoke(path: Path) -> Any:
    name = path.stem.partition("-")[0]
    seconds = SimpleNamespace(get_remaining_time_in_millis=lambda: 60_000, aws_request_id="request", function_name=name)
    return importlib.import_module(name).handler(json.loads(path.read_text()), seconds)


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_an_event_is_answered_as_it_says(deployed: House, path: Path) -> None:
    answer = invoke(path)
    if path.stem in STATUS:
        assert answer["statusCode"] == STATUS[path.stem], answer["body"]
    elif path.stem in PROBLEMS:
        assert answer == {"isAuthorized": True, "context": {"problem": PROBLEMS[path.stem]}}
    elif path.stem.startswith("janitor"):
        assert answer == {"looked": 0}
    else:
        assert answer == NOTHING_LEFT
    json.dumps(answer)
