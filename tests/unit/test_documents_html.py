"""What of a model's Markdown may reach a browser."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.kinds.documents.html import to_html, without_title

ALLOWED = {
    "a", "blockquote", "br", "code", "em", "h2", "h3", "h4", "hr", "img", "li", "ol", "p", "pre", "s", "strong",
    "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("## Two\n\n### Three\n\n#### Four", "<h2>Two</h2>\n<h3>Three</h3>\n<h4>Four</h4>"),
        ("# One\n\n##### Five\n\n###### Six", "<h2>One</h2>\n<h4>Five</h4>\n<h4>Six</h4>"),
        ("One\n===", "<h2>One</h2>"),
        ("*a* **b** ~~c~~ `d`", "<p><em>a</em> <strong>b</strong> <s>c</s> <code>d</code></p>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("3. a\n4. b", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>'),
        ("> a", "<blockquote>\n<p>a</p>\n</blockquote>"),
        ("```python\nx < 1\n```", "<pre><code>x &lt; 1\n</code></pre>"),
        ("![i](https://x.example/i.png)", '<p><img src="https://x.example/i.png" alt="i"></p>'),
        ("a<br>b", "<p>a<br>b</p>"),
        ("học & hành", "<p>học &amp; hành</p>"),
        ("", ""),
    ],
)
def test_markdown_becomes_html(markdown: str, html: str) -> None:
    assert to_html(markdown) == html


def test_tables() -> None:
    html = to_html("| a | b |\n|---|:-:|\n| 1 | 2<br>3 |")
    assert re.findall(r"<t[hd]>(.*?)</t[hd]>", html) == ["a", "b", "1", "2<br>3"]
    assert "style" not in html


def test_links_open_nothing_behind_the_readers_back() -> None:
    html = to_html("[a](https://x.example/?q=1&r=2 'T')")
    assert html == '<p><a href="https://x.example/?q=1&amp;r=2" title="T" rel="noopener noreferrer">a</a></p>'


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<SCRIPT SRC=//x.example/x.js></SCRIPT>",
        "<style>body{display:none}</style>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)><animate onbegin=alert(1)>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "<iframe src='https://x.example'></iframe>",
        "<object data=x></object><embed src=x>",
        "<form action=x><input onfocus=alert(1) autofocus></form>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href=' java\nscript:alert(1)'>x</a>",
        "<a href='&#106;avascript:alert(1)'>x</a>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](vbscript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](data:image/svg+xml;base64,PHN2Zz4=)",
        "![x](javascript:alert(1))",
        "<p style='background:url(javascript:alert(1))' onclick='alert(1)' class='x' id='y'>a</p>",
        "<base href='https://x.example'><meta http-equiv=refresh content='0;url=https://x.example'>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "<!-- --><script>alert(1)</script>",
        "`<script>`\n\n    <script>alert(1)</script>",
    ],
)
def test_attacks_are_harmless(attack: str) -> None:
    html = to_html(f"before\n\n{attack}\n\nafter")
    assert "before" in html
    harmless(html)


@given(st.text(alphabet="<>/\"'=&;#`*_[]()!:\\- \n\tabcjsxonrimgpth\u0000", max_size=80))
def test_nothing_else_than_the_allowed_tags_ever_comes_out(markdown: str) -> None:
    harmless(to_html(markdown))


def harmless(html: str) -> None:
    tags = re.findall(r"<\s*/?\s*([a-zA-Z!?][^\s>/]*)([^>]*)>", html)
    assert {name for name, _ in tags} <= ALLOWED
    for _, attributes in tags:
        names = re.findall(r'([^\s"=]+)="[^"]*"', attributes)
        assert set(names) <= {"href", "title", "rel", "src", "alt", "start"}
        addresses = re.findall(r'(?:href|src)="([^"]*)"', attributes)
        assert not any(re.match(r"\s*(?!https?:|mailto:)[a-z][a-z0-9+.-]*:", address, re.I) for address in addresses)


@pytest.mark.parametrize(
    ("markdown", "rest"),
    [
        ("# Title\n\nText", "Text"),
        ("\n# Title", ""),
        ("## Part\n\nText", "## Part\n\nText"),
        ("Text\n\n# Later", "Text\n\n# Later"),
        ("#seo is a tag", "#seo is a tag"),
    ],
)
def test_a_title_at_the_beginning_is_left_out(markdown: str, rest: str) -> None:
    assert without_title(markdown) == rest
