"""The words of a call to a model: what is asked, and what comes back."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from penstock.domain.models import Model
from penstock.domain.quota import Usage

# The most searches of one call; a provider that can be told so is told.
MOST_SEARCHES = 4


@cache
def _schema_bytes(schema: type[BaseModel]) -> int:
    return len(str(schema.model_json_schema()).encode())


class Prompt(BaseModel):
    """One call for text. `schema_` asks for a JSON object of that pydantic model's shape.

    `purpose` names the step (`outline`, `content`, `metadata`); `facts` are the same wishes as the prose, as data
    (keyword, language, tone, length …): the offline writer and the tests read them, a provider never sees them.
    `max_output` is in tokens and is passed on to the provider: it is what makes a reservation a ceiling. `search`: the
    model may look things up on the web, MOST_SEARCHES times.
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    purpose: str
    system: str
    user: str
    max_output: int
    temperature: float | None = None
    schema_: type[BaseModel] | None = None
    search: bool = False
    facts: Mapping[str, Any] = Field(default_factory=dict)

    @property
    def most_input(self) -> int:
        """The most tokens that are sent: no tokenizer makes more tokens than bytes."""
        schema = _schema_bytes(self.schema_) if self.schema_ else 0
        return len(self.system.encode()) + len(self.user.encode()) + schema

    def most(self, model: Model) -> Usage:
        """The most that this call can use."""
        searches = MOST_SEARCHES if self.search else 0
        used = Usage(input=self.most_input + searches * model.search_reads, output=self.max_output, searches=searches)
        return model.booked(used)


class ImagePrompt(BaseModel):
    """One call for one picture of what `description` says. `purpose` names the step; `facts` as in `Prompt`."""

    model_config = ConfigDict(frozen=True)

    purpose: str
    description: str
    shape: Literal["landscape", "square", "portrait"] = "landscape"
    facts: Mapping[str, Any] = Field(default_factory=dict)

    def most(self, model: Model) -> Usage:
        used = Usage(input=len(self.description.encode()), output=model.output_limit, images=1)
        return model.booked(used)


class SpeechPrompt(BaseModel):
    """One call that speaks `text`, word for word, with a voice of the provider's (its first where none is named)."""

    model_config = ConfigDict(frozen=True)

    purpose: str
    text: str
    voice: str = ""
    facts: Mapping[str, Any] = Field(default_factory=dict)

    def most(self, model: Model) -> Usage:
        """A second of speech takes 25 tokens and about 15 characters; slow speakers twice as many."""
        spoken = min(model.output_limit, 4 * len(self.text) + 100)
        return model.booked(Usage(input=len(self.text.encode()), output=spoken, characters=len(self.text)))


MediaPrompt = ImagePrompt | SpeechPrompt


class Source(BaseModel):
    """A page that a model read for its answer."""

    model_config = ConfigDict(frozen=True)

    url: str
    title: str = ""


class Completion(BaseModel):
    """What a writer answered: `text` is what was asked for (JSON where the prompt had a schema), `sources` the pages
    that it found and used."""

    model_config = ConfigDict(frozen=True)

    text: str
    usage: Usage
    written_by: str
    sources: tuple[Source, ...] = ()


class Media(BaseModel):
    """A picture or a piece of speech: the file's bytes as they came, of type `media_type` (`image/png`)."""

    model_config = ConfigDict(frozen=True)

    data: bytes
    media_type: str
    usage: Usage
    written_by: str
