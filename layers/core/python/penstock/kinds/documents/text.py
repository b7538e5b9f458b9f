"""Lines and paragraphs as people type them, made clean; cutting and counting."""

import re
import unicodedata

# Scripts written without spaces: there every character counts as a word.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+(?:['\u2019\-.,][^\W_{_UNSPACED}]+)*")
_ELLIPSIS = "…"


def one_line(text: str) -> str:
    """NFC, trimmed, inner whitespace (line ends and tabs too) as single spaces; empty if nothing visible is in it.

    Raises ValueError for a control character: it cannot be seen, so silently dropping it could change what was meant.
    """
    line = " ".join(unicodedata.normalize("NFC", text).split())
    if line.isprintable():  # the usual case, at C speed: no control, format or unpaired character at all
        return line
    _refuse_controls(line)
    return line if any(letter.isprintable() and letter != " " for letter in line) else ""


def many_lines(text: str) -> str:
    """NFC, line ends as \\n, no trailing blanks, no blank edges. Raises ValueError for control characters but tabs."""
    lines = [line.rstrip() for line in unicodedata.normalize("NFC", text).splitlines()]
    _refuse_controls("".join(lines).replace("\t", ""))
    return "\n".join(lines).strip("\n")


def _refuse_controls(text: str) -> None:
    bad = next((letter for letter in text if unicodedata.category(letter) in ("Cc", "Cs")), None)
    if bad is not None:
        raise ValueError(f"has the control character U+{ord(bad):04X}: remove it")


def shorten(text: str, limit: int) -> str:
    """One line of at most `limit` characters: cut between words, with an ellipsis that counts."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    head = line[: limit - 1]
    if line[limit - 1] != " ":
        words = head.rpartition(" ")[0]
        # Without spaces (Chinese, or one endless word) there is no word to cut at.
        head = words if len(words) > limit // 2 else head
    return head.rstrip(" ,;:-\u2013\u2014") + _ELLIPSIS


def count_words(text: str) -> int:
    """Words as a reader counts them; a Chinese or Japanese character counts as one. Thai and Lao are undercounted."""
    return len(_WORD.findall(text))
