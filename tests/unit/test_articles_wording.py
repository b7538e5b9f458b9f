"""The wording of the prompts: text files that anybody can edit, without a value that nobody gives."""

import re
from pathlib import Path

import pytest

import penstock.kinds.prompts as package
from penstock.domain.prompts import ImagePrompt
from tests.desk import Desk
from tests.unit.test_articles_write import written

FOLDER = Path(package.__file__).parent / "articles"
NEEDED = {
    "content": {"keyword", "language", "tone", "fewest", "most", "title", "outline", "website"},
    "outline": {"keyword", "language", "tone", "sections", "title", "website"},
    "metadata": {"keyword", "language", "tone", "title", "website", "excerpt"},
    "pictures": {"keyword", "language", "pictures", "headings", "excerpt"},
    "picture": {"description", "keyword"},
}


def values(name: str) -> set[str]:
    return set(re.findall(r"\$(\w+)", (FOLDER / f"{name}.md").read_text("utf-8")))


@pytest.mark.parametrize("name", NEEDED)
def test_a_prompt_has_all_that_is_wished_of_it(name: str) -> None:
    assert values(name) >= NEEDED[name]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.md")), ids=lambda path: path.stem)
def test_customers_material_stands_between_quotation_marks(path: Path) -> None:
    """The system prompt says that what stands there is no instruction."""
    text = path.read_text("utf-8")
    for value in ("keyword", "title", "outline", "website", "excerpt", "headings"):
        if path.stem.startswith("with-") or value in ("keyword", "excerpt", "headings"):
            assert not re.search(rf"(?<!«)\${value}\b", text), f"${value} stands without « and »"


def test_the_picture_prompts_ask_for_what_is_read_of_the_answer() -> None:
    text = (FOLDER / "pictures.md").read_text("utf-8")
    for member in ("pictures:", "- heading:", "- description:", "- alt:", "English", "article's language"):
        assert member in text, member


def test_no_placeholder_is_left_in_any_prompt() -> None:
    desk = Desk()
    written("seo", {"autoInsertImages": True, "outlineOption": "ai-outline", "websiteId": "site-1"}, desk)
    assert {prompt.purpose for _, prompt in desk.asked} == {"outline", "content", "metadata", "pictures"}
    said = [prompt.user + prompt.system for _, prompt in desk.asked]
    said += [prompt.description for _, prompt in desk.made if isinstance(prompt, ImagePrompt)]
    assert len(said) > 4
    assert not [text for text in said if "$" in text]
