"""Websites: for whom articles are written."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import AfterValidator, Field

from penstock.domain.errors import Contention
from penstock.domain.kind import Closed
from penstock.domain.writes import ProductOf
from penstock.engine import products
from penstock.engine.parts import Parts
from penstock.engine.products import WEBSITE
from penstock.routes.calls import require_match, who
from penstock.routes.replies import Many, One, PageNumber, PageSize, View, empty, etag, moment, page_of, reply
from penstock.routes.resolver import Endpoint

WEBSITES = "/api/websites"
ONE = f"{WEBSITES}/<website_id>"
ROUNDS = 5
_BODY = (400, 413, 415)
_ETAG = {"ETag": "The version; send it as If-Match."}


def _web_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or " " in url:
        raise ValueError("must be an address such as https://example.com")
    return url


Address = Annotated[str, Field(max_length=2_000), AfterValidator(_web_address)]


class WebsiteBody(Closed):
    name: str = Field(min_length=1, max_length=200)
    url: Address
    language: str | None = Field(None, max_length=35, description="A BCP 47 tag.")
    tone: str | None = Field(None, max_length=300)
    audience: str | None = Field(None, max_length=300)
    internal_links: tuple[Address, ...] = Field((), max_length=100, description="Pages that articles may link to.")


class WebsiteView(View):
    id: str
    name: str
    url: str
    language: str | None = None
    tone: str | None = None
    audience: str | None = None
    internal_links: tuple[str, ...] = ()
    version: int
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, image: Mapping[str, Any]) -> "WebsiteView":
        return cls.model_validate({**image, **{name: moment(image[name]) for name in ("created_at", "updated_at")}})


class WebsiteRoutes:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        one, changing = One[WebsiteView], (404, 412, *_BODY)
        return (
            Endpoint("GET", WEBSITES, self.list_websites, "Websites", Many[WebsiteView]),
            Endpoint("POST", WEBSITES, self.create_website, "Websites", one, 201, (409, *_BODY), headers=_ETAG),
            Endpoint("GET", ONE, self.get_website, "Websites", one, 200, (404,), headers=_ETAG),
            Endpoint("PUT", ONE, self.replace_website, "Websites", one, 200, changing, headers=_ETAG),
            Endpoint("DELETE", ONE, self.delete_website, "Websites", None, 204, (404, 412)),
        )

    def list_websites(self, request: Request, page: PageNumber = 1, limit: PageSize = 20) -> Response[Any]:
        """Your websites, newest first."""
        images = products.websites(self._parts, who(request).user)
        shown = [WebsiteView.of(image) for image in images[(page - 1) * limit : page * limit]]
        return reply(Many(data=shown, pagination=page_of(len(images), page, limit)))

    def create_website(self, request: Request, body: Annotated[WebsiteBody, Body()]) -> Response[Any]:
        """Add a website."""
        image = products.add_website(self._parts, who(request).user, _fields(body))
        return self._shown(image, 201)

    def get_website(self, request: Request, website_id: str) -> Response[Any]:
        """One website."""
        return self._shown(products.product(self._parts, ProductOf(who(request).user, WEBSITE, website_id)))

    def replace_website(self, request: Request, website_id: str, body: Annotated[WebsiteBody, Body()]) -> Response[Any]:
        """Replace a website's facts.
        Jobs that were created before keep the old ones."""
        user = who(request).user
        for _ in range(ROUNDS):
            image = products.product(self._parts, ProductOf(user, WEBSITE, website_id))
            require_match(request, image["version"])
            changed = products.change(self._parts, ProductOf(user, WEBSITE, website_id), image, _fields(body))
            if changed:
                return self._shown(changed)
        raise Contention("The website changed at every try. Try again in a moment.")

    def delete_website(self, request: Request, website_id: str) -> Response[Any]:
        """Delete a website."""
        user = who(request).user
        image = products.product(self._parts, ProductOf(user, WEBSITE, website_id))
        require_match(request, image["version"])
        products.remove(self._parts, ProductOf(user, WEBSITE, website_id), image)
        return empty()

    def _shown(self, image: Mapping[str, Any], status: int = 200) -> Response[Any]:
        headers = {"ETag": etag(image["version"])}
        if status == 201:
            headers["Location"] = f"{WEBSITES}/{image['id']}"
        return reply(One(data=WebsiteView.of(image)), status, headers)


def _fields(body: WebsiteBody) -> dict[str, Any]:
    """As the kinds read them: camelCase."""
    return body.model_dump(by_alias=True)
