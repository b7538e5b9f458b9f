"""Where pictures stand in Markdown."""

import pytest

from penstock.kinds.documents.html import to_html
from penstock.kinds.documents.placing import beginning, headings, image, placed

SHOWN = "![x](images/1.png)"


@pytest.mark.parametrize(
    ("markdown", "found"),
    [
        ("", []),
        ("Only text.", []),
        ("## A\n\nText.\n\n## B", ["A", "B"]),
        ("# A\n\n### C\n\n## B", ["A", "B"]),
        ("A\n-\n\nText", ["A"]),
        ("## *A* `b` [c](https://x.example) & d", ["A b c & d"]),
        ("> ## quoted\n\n- ## in a list\n\n## A", ["A"]),
        ("```\n## code\n```\n\n## A", ["A"]),
        ("## A\r\n\r\nText.\r\n\r\n## B\r\n", ["A", "B"]),
    ],
)
def test_headings_of_level_two_are_found_as_a_reader_sees_them(markdown: str, found: list[str]) -> None:
    assert [heading.text for heading in headings(markdown)] == found


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("## A\n\nText.\n\nMore.", "<h2>A</h2>\n<p>Text.</p>\n{}\n<p>More.</p>"),
        ("## A\nText\nof lines.\n\nMore.", "<h2>A</h2>\n<p>Text\nof lines.</p>\n{}\n<p>More.</p>"),
        ("## A", "<h2>A</h2>\n{}"),
        ("## A\n\n- b", "<h2>A</h2>\n{}\n<ul>\n<li>b</li>\n</ul>"),
        ("## A\n\nThese:\n\n- b", "<h2>A</h2>\n{}\n<p>These:</p>\n<ul>\n<li>b</li>\n</ul>"),
        ("## A\n\n**These:**\n- b", "<h2>A</h2>\n{}\n<p><strong>These:</strong></p>\n<ul>\n<li>b</li>\n</ul>"),
        ("## A\n\nText.\n- b", "<h2>A</h2>\n<p>Text.</p>\n{}\n<ul>\n<li>b</li>\n</ul>"),
        ("## A\n\n### B\n\nText.", "<h2>A</h2>\n{}\n<h3>B</h3>\n<p>Text.</p>"),
        ("## A\r\n\r\nText.\r\n\r\nMore.", "<h2>A</h2>\n<p>Text.</p>\n{}\n<p>More.</p>"),
        ("## A\n\nText.\n\n| a |\n|---|\n| b |", None),
    ],
)
def test_a_picture_tears_nothing_apart(markdown: str, html: str | None) -> None:
    made = to_html(placed(markdown, {headings(markdown)[0].line: SHOWN}))
    shown = '<p><img src="images/1.png" alt="x"></p>'
    assert made.replace(f"\n{shown}", "") == to_html(markdown)
    if html:
        assert made == html.format(shown)


def test_several_pictures_stand_in_their_own_places() -> None:
    markdown = "## A\n\nOne.\n\n## B\n\nTwo."
    lines = {heading.line: image(f"images/{heading.text}.png", heading.text) for heading in headings(markdown)}
    made = placed(markdown, lines)
    assert [block for block in made.split("\n\n") if block.strip()] == [
        "## A", "One.", "![A](images/A.png)", "## B", "Two.", "![B](images/B.png)",
    ]  # fmt: skip


def test_nothing_to_place_leaves_the_text_as_it_is() -> None:
    assert placed("## A\n\nText.", {}) == "## A\n\nText."


@pytest.mark.parametrize(("markdown", "line"), [("One.\n\nTwo.", 1), ("", 0), ("- a", 0), ("> q\n\nOne\ntwo.", 4)])
def test_a_text_without_headings_has_its_place_after_the_first_paragraph(markdown: str, line: int) -> None:
    assert beginning(markdown).line == line


@pytest.mark.parametrize("alt", ["a] (b", "*a* _b_ `c`", "<b>", "a\\", "a & b &amp; c", '"quoted"', "![x](y)"])
def test_an_alternative_text_is_shown_as_it_is(alt: str) -> None:
    import html

    assert to_html(image("images/1.png", alt)) == f'<p><img src="images/1.png" alt="{html.escape(alt)}"></p>'
