"""`make submit FILE=keywords.txt`: sends a file of keywords to a running Penstock, watches the job, saves the articles.

A client of the HTTP interface and nothing else. Ends with 0 if every keyword became an article, 1 if not, 2 where it
could not begin, 130 after Ctrl-C (the job goes on).
"""

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO
from uuid import uuid4

from local.calls import Client, ClientError
from local.keywords import read

POLL_SECONDS = 0.5
BAR = 30
ENDED = frozenset({"completed", "failed", "cancelled"})
SETTINGS = ("model", "language", "tone", "length")
UNFINISHED, UNUSABLE, INTERRUPTED = 1, 2, 130


def main(arguments: Sequence[str], environment: Mapping[str, str], out: TextIO) -> int:
    asked = _parser(environment).parse_args(arguments)
    try:
        client = Client(asked.url, asked.token, asked.user)
        job_id = asked.job or _send(client, asked, out)
    except ClientError as error:
        print(f"penstock: {error}", file=sys.stderr)
        return UNUSABLE
    return _follow(client, job_id, asked, out)


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m local.submit", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", nargs="?", type=Path, help=".txt, one keyword a line; or .csv with a column `keyword`")
    parser.add_argument("--url", default=environment.get("URL") or "http://127.0.0.1:8000")
    parser.add_argument("--token", default=environment.get("TOKEN") or None, help="an access token; else --user")
    parser.add_argument(
        "--user", default=environment.get("USER_NAME") or "demo", help="of local mode: demo, other, admin"
    )
    parser.add_argument(
        "--out", type=Path, default=Path(environment.get("OUT") or "articles"), help="folder to save to"
    )
    parser.add_argument("--name", help="what the job is called; else the file's name")
    parser.add_argument("--job", help="id of a job sent before: watch it and save its articles")
    # LANGUAGE is a name that systems use for themselves: it is no default here.
    for name in SETTINGS:
        parser.add_argument(f"--{name}", default=environment.get(name.upper()) if name != "language" else None)
    parser.add_argument("--images", default=environment.get("IMAGES"), help="at most so many pictures an article")
    search = environment.get("SEARCH") not in (None, "", "0")
    parser.add_argument("--search", action="store_true", default=search, help="the model searches the web first")
    return parser


def _settings(asked: argparse.Namespace) -> dict[str, Any]:
    settings: dict[str, Any] = {name: getattr(asked, name) for name in SETTINGS if getattr(asked, name)}
    if asked.images:
        if not asked.images.isdigit():
            raise ClientError(f"IMAGES={asked.images}: must be a number, such as IMAGES=3")
        settings |= {"autoInsertImages": int(asked.images) > 0, "maxImages": int(asked.images)}
    return {**settings, "useGoogleSearch": True} if asked.search else settings


def _send(client: Client, asked: argparse.Namespace, out: TextIO) -> str:
    """The new job's id."""
    if asked.file is None:
        raise ClientError("name a file of keywords: make submit FILE=keywords.txt")
    settings = _settings(asked)
    body = {"keywords": read(asked.file), "settings": settings, "name": (asked.name or asked.file.stem)[:120]}
    created = client.json("POST", "/api/batch-jobs", body, {"Idempotency-Key": str(uuid4())})["data"]
    print(f"job {created['number']}: {created['totalItems']:,} keywords  ({created['jobId']})", file=out)
    for warning in created["warnings"]:
        print(f"  note: {warning}", file=out)
    return str(created["jobId"])


def _follow(client: Client, job_id: str, asked: argparse.Namespace, out: TextIO) -> int:
    try:
        progress = _watch(client, job_id, out)
        folder = _save(client, job_id, asked.out, progress["completedItems"])
    except ClientError as error:
        print(f"\npenstock: {error}", file=sys.stderr)
        return UNFINISHED
    except KeyboardInterrupt:
        again = f"python -m local.submit --job {job_id} --url {client.url}"
        print(f"\nThe job goes on without you. Look again with\n  {again}", file=out)
        return INTERRUPTED
    return _report(client, job_id, progress, folder, out)


def _watch(client: Client, job_id: str, out: TextIO) -> dict[str, Any]:
    """Shows a bar until the job has ended; its counters then."""
    bar, seen = Bar(out), None
    while True:
        progress: dict[str, Any] = client.json("GET", f"/api/batch-jobs/{job_id}?view=progress")["data"]
        bar.show(progress)
        if progress["status"] in ENDED:
            bar.end()
            return progress
        if progress["status"] == "paused" and progress["run"] != seen:
            seen = progress["run"]
            bar.end()
            print(_way_on(client, job_id, progress), file=out, flush=True)
        time.sleep(POLL_SECONDS)


def _way_on(client: Client, job_id: str, progress: Mapping[str, Any]) -> str:
    reason = progress["errorMessage"] or f"paused ({progress['pauseReason']})"
    header = '-H "Authorization: Bearer $TOKEN"'
    resume = f"curl -X POST {header} {client.url}/api/batch-jobs/{job_id}/resume"
    if progress["pauseReason"] in ("tokens", "article_limit"):
        grant = f"""curl -X POST {header} -H 'Content-Type: application/json' \\
         -d '{{"tokens": 1000000, "articles": 1000}}' {client.url}/api/accounts/<user>/grants"""
        return f"  paused: {reason}\n  an admin can grant more, and it goes on by itself:\n    {grant}"
    return f"  paused: {reason}\n  go on with\n    {resume}"


class Bar:
    """One line that is drawn over itself on a terminal; elsewhere a line whenever the tenths done change."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._live = out.isatty()
        self._last = ""
        self._began = time.monotonic()
        self._first: int | None = None

    def show(self, progress: Mapping[str, Any]) -> None:
        settled, total = progress["totalItems"] - progress["remainingItems"], progress["totalItems"]
        self._first = settled if self._first is None else self._first
        filled = BAR * settled // max(total, 1)
        line = f"  [{'█' * filled}{'·' * (BAR - filled)}] {settled:,}/{total:,}  {progress['status']}"
        if progress["failedItems"]:
            line += f", {progress['failedItems']:,} failed"
        key = line if self._live else f"{10 * settled // max(total, 1)} {progress['status']}"
        if key != self._last:
            print(
                f"\r\x1b[2K{line}{self._speed(settled)}" if self._live else line,
                end=self._ending,
                file=self._out,
                flush=True,
            )
        self._last = key

    def end(self) -> None:
        if self._live and self._last:
            print(file=self._out)
        self._last = ""

    @property
    def _ending(self) -> str:
        return "" if self._live else "\n"

    def _speed(self, settled: int) -> str:
        done, seconds = settled - (self._first or 0), time.monotonic() - self._began
        return f"  {done / seconds:.1f}/s" if done and seconds > 1 else ""


def _save(client: Client, job_id: str, out: Path, done: int) -> Path | None:
    """Every article as .html and .md; the folder, None where there is nothing to save."""
    if not done:
        return None
    job = client.json("GET", f"/api/batch-jobs/{job_id}")["data"]
    folder = out / f"{job['number']}-{_safe(job['name'])}"
    folder.mkdir(parents=True, exist_ok=True)
    for ending in ("html", "md"):
        for name, content in client.exported(job_id, ending, done):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
    return folder


def _safe(name: str) -> str:
    kept = "".join(letter if letter.isalnum() else "-" for letter in name)
    return "-".join(part for part in kept.split("-") if part)[:60] or "job"


def _report(client: Client, job_id: str, progress: Mapping[str, Any], folder: Path | None, out: TextIO) -> int:
    done, total = progress["completedItems"], progress["totalItems"]
    cost = f"{progress['tokensUsed']:,} tokens, ${progress['cost']:.4f}"
    print(f"{progress['status']}: {done:,} of {total:,} articles, {cost}", file=out)
    if folder:
        print(f"saved in {folder}/", file=out)
    if progress["failedItems"]:
        print(f"why some failed: {client.url}/api/batch-jobs/{job_id}/items?status=failed", file=out)
    return 0 if done == total else UNFINISHED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ, sys.stdout))
