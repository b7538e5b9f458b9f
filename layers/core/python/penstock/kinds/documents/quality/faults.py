"""What can be wrong with a text, and what is wished of it."""

from pydantic import BaseModel, ConfigDict


class Fault(BaseModel):
    """`code` is stable (`too_short`). `message` names what was found, with numbers, and what was asked; `remedy` is the
    sentence that goes to the model."""

    model_config = ConfigDict(frozen=True)

    code: str
    message: str
    remedy: str


class Wishes(BaseModel):
    """`language` is a BCP 47 tag; None where the language is not to be judged. `fewest` and `most` are words as they
    were asked for, without the tolerance. `given` are the customer's own words (keyword, title), a line each: they may
    stand in the text as they are."""

    model_config = ConfigDict(frozen=True)

    language: str | None
    fewest: int
    most: int
    given: str = ""
