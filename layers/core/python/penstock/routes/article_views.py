"""How articles look outside."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from penstock.domain.kind import Closed
from penstock.routes.replies import View, dollars, moment

ArticleStatus = Literal["draft", "approved", "published"]


class ImageView(View):
    url: str | None = Field(None, description="Where it can be read for an hour; null in lists and exports.")
    name: str = Field(description="Its file in an export, in the folder `images`.")
    alt: str = Field(description="The same for somebody who cannot see it.")
    heading: str = Field(description="The section it stands in.")


class SourceView(View):
    url: str
    title: str


class ArticleView(View):
    """What lists show."""

    id: str
    job_id: str
    index: int = Field(description="The job's line that it was written for, from 0.")
    keyword: str
    title: str
    slug: str
    meta_title: str
    meta_description: str
    status: ArticleStatus
    language: str
    model: str
    written_by: str = Field(description="The provider that wrote it; `offline` for sample text.")
    word_count: int
    tokens_used: int
    cost: float = Field(description="US dollars.")
    cost_micros: int
    website_id: str | None
    images: tuple[ImageView, ...]
    sources: tuple[SourceView, ...] = Field(description="Web pages that the model read for it.")
    notes: tuple[str, ...] = Field(description="What was left out, and why.")
    version: int
    created_at: str
    updated_at: str

    @classmethod
    def fields_of(cls, image: Mapping[str, Any]) -> dict[str, Any]:
        cost = image.get("cost", 0)
        known = {name: image.get(name) for name in ArticleView.model_fields}
        times = {name: moment(image[name]) for name in ("created_at", "updated_at")}
        lists = {name: image.get(name) or () for name in ("images", "sources", "notes")}
        return known | times | lists | {"cost": dollars(cost), "cost_micros": cost}

    @classmethod
    def of(cls, image: Mapping[str, Any]) -> "ArticleView":
        return cls(**cls.fields_of(image))


class WholeArticleView(ArticleView):
    content: str = Field(description="HTML, sanitised. Its own images can be read for an hour.")
    outline: str | None

    @classmethod
    def whole(
        cls, image: Mapping[str, Any], body: Mapping[str, Any], links: Mapping[str, str] | None = None
    ) -> "WholeArticleView":
        """`links` are the addresses of the images, by `images/<name>`."""
        images = [{**each, "url": (links or {}).get(f"images/{each['name']}")} for each in image.get("images") or ()]
        fields = cls.fields_of(image) | {"images": images}
        return cls(**fields, content=body["content"], outline=body.get("outline"))


class ArticleChanges(Closed):
    """What is left out stays."""

    title: str | None = Field(None, min_length=1, max_length=200)
    slug: str | None = Field(None, min_length=1, max_length=200, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    meta_title: str | None = Field(None, max_length=60)
    meta_description: str | None = Field(None, max_length=160)
    status: ArticleStatus | None = None
    content: str | None = Field(None, min_length=1, max_length=500_000, description="HTML; it is sanitised.")
    outline: str | None = Field(None, max_length=5_000)


class NewSettings(Closed):
    """Settings of the kind that are to differ this time, such as `tone`; the others stay as they were."""

    settings: Annotated[dict[str, Any], Field(max_length=50)] = Field(default_factory=dict)
