"""Articles: list, read, change, delete, write anew, take away."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from penstock.domain.errors import Contention, FieldError, Invalid
from penstock.domain.kind import BatchRequest
from penstock.domain.writes import ProductOf
from penstock.engine import products
from penstock.engine.parts import Parts
from penstock.engine.products import ARTICLE, ArticleFilter
from penstock.routes.article_texts import Clean, shown, stored
from penstock.routes.article_views import (
    ArticleChanges,
    ArticleStatus,
    ArticleView,
    NewSettings,
    WholeArticleView,
)
from penstock.routes.bodies import changes, parse_request
from penstock.routes.calls import not_modified, once, require_match, who
from penstock.routes.exports import FORMATS, MOST_AT_ONCE, MOST_DOCUMENTS, Exports, Format, Part, Word
from penstock.routes.job_views import CreatedView
from penstock.routes.replies import Many, One, PageNumber, PageSize, empty, etag, page_of, reply
from penstock.routes.resolver import Endpoint

ARTICLES = "/api/articles"
EXPORT = f"{ARTICLES}/export"
ONE = f"{ARTICLES}/<article_id>"
ANEW = f"{ONE}/regenerate"
KIND = "batch_keywords"
ROUNDS = 5
_BODY_FIELDS = frozenset({"content", "outline"})
_LOCATION = {"Location": "Where the new job is."}
_ETAG = {"ETag": "The version; send it as If-None-Match or If-Match."}

_Search = Annotated[str | None, Query(max_length=200, description="Part of the title, keyword or slug.")]
_Job = Annotated[str | None, Query(alias="jobId", max_length=64, description="Only this job's.")]
_Ids = Annotated[str | None, Query(max_length=5_000, description="Ids between commas, at most 100.")]
_Many = Annotated[int, Query(ge=1, le=MOST_AT_ONCE, description=f"How many of the job's, at most {MOST_AT_ONCE}.")]
_AS_BEFORE = NewSettings()


class ArticleRoutes:
    """`clean` makes HTML safe to show, `word` makes Word documents of it."""

    def __init__(self, parts: Parts, clean: Clean, word: Word) -> None:
        self._parts = parts
        self._clean = clean
        self._exports = Exports(parts, word)

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        whole, created, body = One[WholeArticleView], One[CreatedView], (400, 413, 415)
        return (
            Endpoint("GET", ARTICLES, self.list_articles, "Articles", Many[ArticleView]),
            Endpoint("GET", EXPORT, self.export_articles, "Articles", None, 200, (404, 413), (303,), files=FORMATS),
            Endpoint("GET", ONE, self.get_article, "Articles", whole, 200, (404,), (304,), headers=_ETAG),
            Endpoint("PATCH", ONE, self.change_article, "Articles", whole, 200, (404, 412, *body), headers=_ETAG),
            Endpoint("DELETE", ONE, self.delete_article, "Articles", None, 204, (404, 412)),
            Endpoint("POST", ANEW, self.regenerate_article, "Articles", created, 201, (404, *body), headers=_LOCATION),
        )

    def list_articles(
        self,
        request: Request,
        *,
        page: PageNumber = 1,
        limit: PageSize = 20,
        job: _Job = None,
        status: Annotated[ArticleStatus | None, Query()] = None,
        q: _Search = None,
    ) -> Response[Any]:
        """Your articles, newest first.
        Without their text: that comes with the single article."""
        wanted = ArticleFilter(job, status, q)
        images, total = products.articles(self._parts, who(request).user, wanted, page, limit)
        return reply(Many(data=[ArticleView.of(image) for image in images], pagination=page_of(total, page, limit)))

    def get_article(self, request: Request, article_id: str) -> Response[Any]:
        """One article, with its text.
        One with images always comes whole: their addresses hold for an hour."""
        user = who(request).user
        image = products.product(self._parts, _ref(user, article_id))
        if not image.get("images") and not_modified(request, image["version"]):
            return empty(304, {"ETag": etag(image["version"])})
        return self._shown(user, image)

    def change_article(
        self, request: Request, article_id: str, body: Annotated[ArticleChanges, Body()]
    ) -> Response[Any]:
        """Change an article.
        Its text is HTML and is sanitised; images may stay at the addresses they were shown at. Knows If-Match."""
        user, given = who(request).user, changes(body, ["outline"])
        for _ in range(ROUNDS):
            image = products.product(self._parts, _ref(user, article_id))
            require_match(request, image["version"])
            fields, text = self._changes(user, image, given)
            changed = products.change(self._parts, _ref(user, article_id), image, fields, text)
            if changed:
                return self._shown(user, changed)
        raise Contention("The article changed at every try. Try again in a moment.")

    def _changes(
        self, user: str, image: Mapping[str, Any], given: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """The record's new fields and, where the text changes, its new body. Edited text has no Markdown of its own."""
        fields = {name: value for name, value in given.items() if name not in _BODY_FIELDS}
        if not _BODY_FIELDS & given.keys():
            return fields, None
        body = {**products.body(self._parts, user, image)}
        if "outline" in given:
            body["outline"] = given["outline"]
        if "content" in given:
            body |= {"content": self._cleaned(given["content"], body.get("images") or ()), "markdown": None}
        return fields, body

    def _cleaned(self, html: str, images: Sequence[Mapping[str, Any]]) -> str:
        text = stored(html, images, self._clean)
        if not text:
            raise Invalid(FieldError("content", "has nothing left once it is sanitised: send text in HTML."))
        return text

    def delete_article(self, request: Request, article_id: str) -> Response[Any]:
        """Delete an article."""
        user = who(request).user
        image = products.product(self._parts, _ref(user, article_id))
        require_match(request, image["version"])
        products.remove(self._parts, _ref(user, article_id), image)
        return empty()

    def regenerate_article(
        self, request: Request, article_id: str, body: Annotated[NewSettings, Body()] = _AS_BEFORE
    ) -> Response[Any]:
        """Write an article anew.
        A new job of one line, with the same input and settings save those named; charged as any other. Its article
        takes this one's place when it is written. Knows `Idempotency-Key`."""
        caller = who(request)
        image = products.product(self._parts, _ref(caller.user, article_id))
        asked = self._request(image, body.settings)
        created = products.regenerate(self._parts, caller, image, asked, once(request, body.settings))
        return reply(One(data=CreatedView.of(created)), 201, {"Location": f"/api/batch-jobs/{created.job_id}"})

    def _request(self, image: Mapping[str, Any], wanted: Mapping[str, Any]) -> BatchRequest:
        """What was asked for the first time or, once that job is deleted, what the article itself tells."""
        line, settings = products.origin(self._parts, image) or _told(image)
        known = self._parts.kinds[KIND].request.model_fields["settings"].annotation
        aliases = {field.alias for field in known.model_fields.values()} if known else set()
        kept = {name: value for name, value in settings.items() if name in aliases}
        kept_line = {name: value for name, value in line.items() if name != "replaces"}
        # The article's own: it may be its website's, which the settings do not tell.
        kept["language"] = image["language"]
        body = {"jobType": KIND, "keywords": [kept_line], "settings": {**kept, **wanted}}
        return parse_request(self._parts.kinds, body)

    def export_articles(
        self,
        request: Request,
        *,
        format: Annotated[Format, Query()] = "html",
        ids: _Ids = None,
        job: _Job = None,
        page: PageNumber = 1,
        limit: _Many = MOST_AT_ONCE,
    ) -> Response[Any]:
        """Take articles away as files.
        By `ids` or `jobId`: one as it is, several in a ZIP (`csv`: one table), so is one with images beside its HTML or
        Markdown. A large job comes in parts, a large file by way of another address (303)."""
        user = who(request).user
        if (ids is None) == (job is None):
            raise Invalid(FieldError("ids", "is needed, or jobId in its place, but not both."))
        if ids is not None:
            images, part = products.articles_by_id(self._parts, user, _listed(ids)), None
        else:
            most = min(limit, MOST_DOCUMENTS) if format == "docx" else limit
            images, total = products.articles(self._parts, user, ArticleFilter(job), page, most)
            part = Part(page, -(-total // most))
        return self._exports.export(user, images, format, part)

    def _shown(self, user: str, image: Mapping[str, Any]) -> Response[Any]:
        body = products.body(self._parts, user, image)
        links = products.links(self._parts, products.images(self._parts, user, image, body))
        body = {**body, "content": shown(body["content"], links, self._clean)}
        return reply(One(data=WholeArticleView.whole(image, body, links)), headers={"ETag": etag(image["version"])})


def _told(image: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    line = {"keyword": image["keyword"]}
    if image.get("website_id"):
        line["websiteId"] = image["website_id"]
    settings: dict[str, Any] = {"model": image["model"]}
    if image.get("images"):
        settings |= {"autoInsertImages": True, "maxImages": len(image["images"])}
    return line, settings | ({"useGoogleSearch": True} if image.get("sources") else {})


def _ref(user: str, article_id: str) -> ProductOf:
    return ProductOf(user, ARTICLE, article_id)


def _listed(ids: str) -> list[str]:
    listed = list(dict.fromkeys(each.strip() for each in ids.split(",") if each.strip()))
    if not 1 <= len(listed) <= 100:
        raise Invalid(FieldError("ids", "must name 1 to 100 articles, between commas."))
    return listed
