"""The text of an article on its way out and in: where its images can be read just now is nothing to be stored."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

Address = Callable[[str], str | None]
# By these an address shows that it was signed.
_SIGNATURES = {"x-amz-signature", "awsaccesskeyid"}


class Clean(Protocol):
    """Makes HTML safe to show. `address` gives what takes the place of the address of an image or a link, None for
    nothing."""

    def __call__(self, markup: str, address: Address | None = None, /) -> str: ...


def shown(content: str, links: Mapping[str, str], clean: Clean) -> str:
    """With its images at the addresses of `links`."""
    return clean(content, lambda address: links.get(address, address)) if links else content


def stored(content: str, images: Sequence[Mapping[str, Any]], clean: Clean) -> str:
    """Safe to show, and with the article's own images (`{name, key}`) as `images/1.png` again, however old the address
    is that they were shown at. Any other address that was signed is left out."""
    names = {image["key"]: f"images/{image['name']}" for image in images}
    return clean(content, lambda address: _unsigned(address, names))


def _unsigned(address: str, names: Mapping[str, str]) -> str | None:
    try:
        parts = urlsplit(address)
        signed = _SIGNATURES & {name.lower() for name, _ in parse_qsl(parts.query)}
    except ValueError:
        return None
    path = unquote(parts.path)
    own = next((name for key, name in names.items() if path.endswith(f"/{key}")), None)
    return own or (None if signed else address)
