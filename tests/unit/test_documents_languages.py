"""Language tags."""

import pytest

from penstock.kinds.documents.languages import name, normalised


@pytest.mark.parametrize(
    ("tag", "normal"),
    [
        ("VI", "vi"),
        ("en_us", "en-US"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("iw", "he"),
        ("tlh", "tlh"),
        ("sr-latn", "sr-Latn"),
    ],
)
def test_a_valid_tag_is_normalised(tag: str, normal: str) -> None:
    assert normalised(tag) == normal


@pytest.mark.parametrize(
    "tag", ["", " ", "klingonese", "xx-notreal", "xx", "und", "x-foo", "zxx", "mul", "en-", "vi\n", "việt", "e" * 3_000]
)
def test_what_is_no_language_is_refused(tag: str) -> None:
    with pytest.raises(ValueError, match="no language tag: give one such as vi"):
        normalised(tag)


def test_names() -> None:
    assert name("vi") == "Vietnamese, Tiếng Việt"
    assert name("pt-BR") == "Brazilian Portuguese, Português do Brasil"
    assert name("de-AT") == name("de")
    assert name("tlh") == "tlh"
