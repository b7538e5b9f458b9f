"""Language tags (BCP 47) and what people call the languages."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import langcodes
from langcodes.tag_parser import LanguageTagError

LONGEST_TAG = 35  # the length that BCP 47 asks software to support


def normalised(tag: str) -> str:
    """`VI` → `vi`, `zh-hant-tw` → `zh-Hant-TW`. Raises ValueError for what is no language one could write in."""
    try:
        known = len(tag) <= LONGEST_TAG and langcodes.tag_is_valid(tag)
        standard = langcodes.standardize_tag(tag) if known else ""
    except LanguageTagError:
        standard = ""
    if not standard or standard.partition("-")[0] in ("und", "x", "zxx", "mul"):
        raise ValueError(f"{tag[:LONGEST_TAG]!r} is no language tag: give one such as vi, en or pt-BR")
    return standard


def name(tag: str) -> str:
    """The language in English and in itself (`Vietnamese, Tiếng Việt`), or the tag where we have no name for it."""
    names = _names()
    return names.get(tag) or names.get(tag.partition("-")[0]) or tag


@cache
def _names() -> Mapping[str, str]:
    names: Mapping[str, str] = json.loads(Path(__file__).with_name("languages.json").read_text("utf-8"))
    return names
