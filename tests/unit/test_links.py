"""Where the addresses of files lead: to the bucket's own region, or to the emulator of local mode."""

from urllib.parse import parse_qs, urlsplit

import pytest

from penstock import wiring
from penstock.settings import Settings
from tests.contract.test_settings import NEEDED

NAME = "products/user/media/article/f.png"


def link(monkeypatch: pytest.MonkeyPatch, region: str, **environment: str) -> str:
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    return wiring.build(Settings.read({**NEEDED, "BUCKET_NAME": "the-bucket", **environment})).files.link(NAME, 3_600)


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-central-1", "the-bucket.s3.eu-central-1.amazonaws.com"),
        ("us-east-1", "the-bucket.s3.amazonaws.com"),
    ],
)
def test_an_address_names_the_buckets_region(monkeypatch: pytest.MonkeyPatch, region: str, host: str) -> None:
    """The global one redirects for the first hours of a bucket's life, and a signature does not survive that."""
    url = urlsplit(link(monkeypatch, region))
    asked = parse_qs(url.query)
    assert (url.scheme, url.netloc, url.path) == ("https", host, f"/{NAME}")
    assert asked["X-Amz-Expires"] == ["3600"]
    assert asked["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"], "newer buckets know no other"


def test_local_modes_addresses_lead_to_its_emulator(monkeypatch: pytest.MonkeyPatch) -> None:
    url = urlsplit(link(monkeypatch, "us-east-1", FILES_URL="http://127.0.0.1:8001"))
    assert (url.netloc, url.path) == ("127.0.0.1:8001", f"/the-bucket/{NAME}")
