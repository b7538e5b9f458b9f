"""The quality gate: an article is judged when it is written, repaired once if it has faults, and fails if it still has
some."""

import re
from collections.abc import Sequence
from typing import Any

from penstock.domain.errors import Refused, Transient
from penstock.domain.kind import Json
from penstock.domain.work import Work
from penstock.kinds.documents import html
from penstock.kinds.documents.quality import Fault, Wishes, judge, judge_metadata
from penstock.kinds.writing import prompts
from penstock.kinds.writing.asking import answer

# Some models put the whole article into one block of code; others begin and end it with one each.
_FENCED = re.compile(r"\A\s*```(?P<kind>markdown|md|html)?[ \t]*\n(?P<text>.*)\n```\s*\Z", re.DOTALL | re.IGNORECASE)


def bare(answered: str) -> str:
    """The article alone, without title and without a fence round the whole."""
    fenced = _FENCED.match(answered)
    whole = fenced and ((fenced["kind"] or "").lower() in ("markdown", "md") or "```" not in fenced["text"])
    return html.without_title(fenced["text"] if fenced and whole else answered).strip()


def verdict(work: Work, markdown: str) -> list[dict[str, str]]:
    """The faults as JSON. They are stored with the text that they are of: a text is judged once, when it is written,
    and a later version of Penstock with other rules does not fail what was paid for under these."""
    return [fault.model_dump() for fault in judge(markdown, _wishes(work))]


def passed(work: Work, content: Json) -> str:
    """The content step's text, or what one more call made of it. Only a repair that is good is stored: a retry of the
    job asks for it once more, and for nothing else. Raises Refused for one that still has faults."""
    faults = [Fault.model_validate(each) for each in content.get("faults", ())]
    if not faults:
        return str(content["markdown"])
    return work.step("repair", lambda: _repaired(work, content["markdown"], faults))


def _repaired(work: Work, markdown: str, faults: Sequence[Fault]) -> str:
    repaired = bare(answer(work, prompts.repair_prompt(work.input, work.settings, markdown, faults)).text)
    left = judge(repaired, _wishes(work))
    if left:
        raise Refused(f"The article was repaired once, and still: {_all(left)}", code=f"quality_{left[0].code}")
    return repaired


def checked(work: Work, metadata: dict[str, str]) -> dict[str, str]:
    """Raises Transient for metadata that nobody could use: they are cheap, and asked for again."""
    title = work.input.get("title") or metadata["title"]
    shown = title, metadata["meta_title"], metadata["meta_description"]
    faults = judge_metadata(*shown, _wishes(work))
    if faults:
        raise Transient(f"The article's metadata are not right: {_all(faults)}", code=f"quality_{faults[0].code}")
    return metadata


def _all(faults: Sequence[Fault]) -> str:
    return " ".join(fault.message for fault in faults)


def _wishes(work: Work) -> Wishes:
    """The offline writer knows two languages, and says so in its text: which one it took is no fault."""
    facts: dict[str, Any] = prompts.facts(work.input, work.settings)
    language = None if work.written_by == "offline" else facts["language"]
    given = f"{facts['keyword']}\n{facts['title']}"
    return Wishes(language=language, fewest=facts["fewest"], most=facts["most"], given=given)
