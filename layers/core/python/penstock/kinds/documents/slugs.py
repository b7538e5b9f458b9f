"""A title as the last part of an address."""

from hashlib import sha256

from slugify import slugify

MOST_CHARACTERS = 100


def slug(title: str, otherwise: str = "") -> str:
    """Lower-case ASCII words joined by hyphens, at most 100 characters, cut between words; never empty.

    Other scripts are transliterated. Where that leaves nothing (a title of emoji), `otherwise` is tried; then the
    slug is `article-` and eight digits that derive from the title.
    """
    made = _slug(title) or _slug(otherwise)
    return made or f"article-{sha256(title.encode()).hexdigest()[:8]}"


def _slug(text: str) -> str:
    return slugify(text, max_length=MOST_CHARACTERS, word_boundary=True) or slugify(text, max_length=MOST_CHARACTERS)
