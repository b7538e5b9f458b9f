"""A request for articles: keywords in any of the forms in which people have them, and how the articles should be."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from penstock.domain.kind import BatchRequest, Closed
from penstock.kinds.intake.lists import split

LONGEST_TITLE, LONGEST_OUTLINE, LONGEST_ID = 200, 5_000, 100


class Line(Closed):
    keyword: str
    title: str | None = Field(None, max_length=LONGEST_TITLE, description="The model finds one if left out.")
    outline: str | None = Field(None, max_length=LONGEST_OUTLINE, description="Goes before outlineOption.")
    website_id: str | None = Field(None, max_length=LONGEST_ID, description="Goes before the settings' websiteId.")


class Settings(Closed):
    model: str | None = Field(None, description="Id or alias of /api/models; the first available if left out.")
    language: str = Field(
        "vi", description="A BCP 47 tag, such as vi, en or pt-BR; the website's own, where it has one, if left out."
    )
    tone: Literal["professional", "casual", "creative"] = "professional"
    length: Literal["short", "medium", "long"] = Field("medium", description="500–800, 1,000–1,500, 2,000–3,000 words.")
    outline_option: Literal["no-outline", "ai-outline", "custom"] = "no-outline"
    custom_outline: str | None = Field(None, max_length=LONGEST_OUTLINE, description="With outlineOption custom.")
    auto_insert_images: bool = Field(
        default=False, strict=True, description="Pictures for its sections, one for each at most."
    )
    max_images: int = Field(5, ge=0, le=10, strict=True)
    image_model: str | None = Field(
        None, description="Id or alias of a model that makes images; one of the same provider if left out."
    )
    website_id: str | None = Field(None, max_length=LONGEST_ID)
    use_google_search: bool = Field(
        default=False, strict=True, description="The model searches the web first, and its sources are listed."
    )


def _as_line(value: Any) -> Any:
    if isinstance(value, str):
        return {"keyword": value}
    if isinstance(value, Mapping | BaseModel):
        return value
    raise ValueError("must be a text, or an object with keyword and perhaps title, outline, websiteId")


AnyLine = Annotated[Line, BeforeValidator(_as_line, json_schema_input_type=str | Line)]
Lines = Annotated[list[AnyLine], BeforeValidator(split, json_schema_input_type=str | list[str | Line])]


class Request(BatchRequest):
    job_type: Literal["batch_keywords"] = "batch_keywords"
    keywords: Lines = Field(description="Up to 10,000: a list, or one text split at line ends and commas.")
    settings: Settings = Field(default_factory=lambda: Settings.model_validate({}))
