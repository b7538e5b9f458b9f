"""Titles as addresses."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.kinds.documents.slugs import slug


@pytest.mark.parametrize(
    ("title", "made"),
    [
        ("Học Forex Cơ Bản: Hướng Dẫn Chi Tiết", "hoc-forex-co-ban-huong-dan-chi-tiet"),
        ("Đường đi của ĐỒNG TIỀN", "duong-di-cua-dong-tien"),
        ("  C++ & C#!  ", "c-c"),
        ("外汇交易基础", "wai-hui-jiao-yi-ji-chu"),
        ("Crème brûlée", "creme-brulee"),
    ],
)
def test_slug(title: str, made: str) -> None:
    assert slug(title) == made


def test_what_leaves_nothing_takes_the_second_text() -> None:
    assert slug("🚀🚀", "học forex") == "hoc-forex"


def test_and_without_one_derives_from_the_title() -> None:
    assert slug("🚀") == slug("🚀")
    assert re.fullmatch(r"article-[0-9a-f]{8}", slug("🚀", "🔥"))
    assert slug("🚀") != slug("🔥")


def test_a_long_title_is_cut_between_words() -> None:
    assert slug("word " * 50) == "-".join(["word"] * 20)
    assert slug("x" * 300) == "x" * 100


@given(st.text())
def test_a_slug_is_never_empty_and_always_plain(title: str) -> None:
    made = slug(title)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", made)
    assert len(made) <= 100
