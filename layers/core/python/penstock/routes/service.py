"""What anybody may read: whether the service is up, and its own description."""

from importlib.resources import files
from typing import Any

from aws_lambda_powertools.event_handler import Response

from penstock.routes.replies import View, reply
from penstock.routes.resolver import Endpoint, Resolver

VERSION = "0.1.0"

# The page carries all it needs; whatever a script in it would load from elsewhere is refused by the browser.
_PAGE_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE_HEADERS = {
    "Content-Security-Policy": _PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_PAGE_FOLDER = "aws_lambda_powertools.event_handler.openapi.swagger_ui"
_PAGE_FILES = ("swagger-ui-bundle.min.js", "swagger-ui.min.css")
TAGS = {
    "Jobs": "Batches of any kind: hand in, watch, steer.",
    "Articles": "What `batch_keywords` jobs write.",
    "Websites": "For whom articles are written: tone, audience, internal links.",
    "Account": "Balance, ledger, usage.",
    "Models": "Who can write, and at what price.",
    "Service": "Health and documentation.",
}
MEDIA = "text/html; charset=utf-8"


def about() -> dict[str, Any]:
    """The head of the OpenAPI document. Its models are slow to import: only where it is asked for."""
    from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer, Tag  # noqa: PLC0415

    bearer = HTTPBearer(bearerFormat="JWT", description="An access token; not an ID token.")
    return {
        "title": "Penstock",
        "version": VERSION,
        "summary": "Batches of AI work: one message per line, one charge per line.",
        "description": "Every answer is JSON. Errors are problem documents (RFC 9457). Times are ISO 8601 in UTC; "
        "`cost` is in US dollars, `costMicros` the same in whole millionths of a dollar.",
        "tags": [Tag(name=name, description=text) for name, text in TAGS.items()],
        "security_schemes": {"bearer": bearer},
    }


class Health(View):
    status: str
    version: str


class ServiceRoutes:
    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._document: str | None = None

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        document = ("application/json",)
        return (
            Endpoint("GET", "/healthz", self.health, "Service", Health, public=True),
            Endpoint("GET", "/openapi.json", self.openapi, "Service", public=True, files=document),
            Endpoint("GET", "/docs", self.docs, "Service", public=True, files=("text/html",)),
        )

    def health(self) -> Response[Any]:
        """Whether the service is up.
        Touches no other service."""
        return reply(Health(status="ok", version=VERSION))

    def openapi(self) -> Response[Any]:
        """This description, as OpenAPI 3.1."""
        return Response(
            200, "application/json", self._described(), {"Cache-Control": "public, max-age=60"}, compress=True
        )

    def docs(self) -> Response[Any]:
        """This description, as a page to try it from.
        Swagger UI, with its script and style inside the page."""
        from aws_lambda_powertools.event_handler.openapi.swagger_ui import generate_swagger_html  # noqa: PLC0415

        script, style = ((files(_PAGE_FOLDER) / name).read_text("utf-8") for name in _PAGE_FILES)
        page = generate_swagger_html(self._described().replace("</", "<\\/"), script, style, "", None)
        return Response(200, MEDIA, page, dict(_PAGE_HEADERS), compress=True)

    def _described(self) -> str:
        if self._document is None:
            self._document = self._resolver.get_openapi_json_schema(**about())
        return self._document
