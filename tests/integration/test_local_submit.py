"""The command line client against the real interface behind a real socket, and what it says when something is wrong."""

import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from local import calls, submit
from local.calls import ClientError
from local.keywords import read
from penstock.domain.errors import Refused
from penstock.engine import products
from penstock.engine.parts import Parts
from tests.api import ANN, Api, api_of, request
from tests.house import House


class Running:
    """The interface on a free port. Each look at a job's progress lets the house work off one delivery."""

    def __init__(self, api: Api, house: House) -> None:
        self.api, self.house, self.tokens, self.valid = api, house, 0, True
        self.kept = b"", ""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        running = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, headers, body = running.answer(self)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 - as http.server calls it

            def log_message(self, *_: Any) -> None:
                pass

        return Handler

    def answer(self, call: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], bytes]:
        length = int(call.headers.get("Content-Length") or 0)
        body = call.rfile.read(length).decode() if length else None
        url = urlsplit(call.path)
        query = dict(parse_qsl(url.query))
        if url.path == "/local/token":
            return self._token(query["user"])
        if query.get("view") == "progress":
            self._work_off_one()
        headers = {name.lower(): value for name, value in call.headers.items()}
        who = ANN if self._admits(headers) else {"problem": "token_expired"}
        answer = self.api.app(request(call.command, url.path, body, query, headers, who), None)
        content = answer["body"].encode()
        if answer["isBase64Encoded"]:
            import base64

            content = base64.b64decode(content)
        return answer["statusCode"], answer["headers"], content

    def _token(self, user: str) -> tuple[int, dict[str, str], bytes]:
        self.tokens += 1
        known = user == "demo"
        return (200 if known else 404), {}, json.dumps({"token": f"token-{self.tokens}"}).encode()

    def _admits(self, headers: dict[str, str]) -> bool:
        """The first token runs out when `valid` is taken away; later ones do not."""
        return self.valid or headers["authorization"] != "Bearer token-1"

    def _work_off_one(self) -> None:
        self.house.follow()
        delivery = self.house.receive()
        if delivery:
            self.house.work(delivery)
        self.house.follow()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def running(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setattr(submit, "POLL_SECONDS", 0)
    running = Running(api_of(house), house)
    yield running
    running.stop()


def sent(running: Running, tmp_path: Path, *arguments: str, keywords: str = "forex\n\nvàng\n") -> tuple[int, str]:
    file = tmp_path / "my words.txt"
    file.write_text(keywords, "utf-8")
    given = [str(file), "--url", running.url, "--out", str(tmp_path / "out"), "--length", "short", *arguments]
    out = io.StringIO()
    return submit.main(given, {}, out), out.getvalue()


def test_a_file_becomes_articles(running: Running, tmp_path: Path) -> None:
    status, said = sent(running, tmp_path, "--language", "en")
    assert status == 0, said
    assert "job 1: 2 keywords" in said
    assert "2/2" in said
    assert "completed: 2 of 2 articles" in said
    files = sorted(path.name for path in (tmp_path / "out" / "1-my-words").iterdir())
    assert [name[:5] for name in files] == ["0001-", "0001-", "0002-", "0002-"]
    assert [Path(name).suffix for name in files] == [".html", ".md", ".html", ".md"]
    texts = [(tmp_path / "out" / "1-my-words" / name).read_text("utf-8") for name in files]
    assert texts[0].startswith("<!doctype html>")
    assert texts[1].startswith("# ")
    assert "vàng" in texts[3]


def test_pictures_and_a_search_are_wished_for_on_the_command_line(running: Running, tmp_path: Path) -> None:
    status, said = sent(running, tmp_path, "--images", "2", "--search", keywords="forex")
    assert status == 0, said
    job_id = running.api.get("/api/batch-jobs").data[0]["jobId"]
    asked = running.api.get(f"/api/batch-jobs/{job_id}").data["jobData"]["settings"]
    assert (asked["autoInsertImages"], asked["maxImages"], asked["useGoogleSearch"]) == (True, 2, True)
    assert len(list(tmp_path.rglob("*.png"))) == 2


@pytest.mark.parametrize("number", ["many", "-1", "2.5"])
def test_a_number_of_pictures_that_is_none_is_named(
    running: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str], number: str
) -> None:
    status, _ = sent(running, tmp_path, f"--images={number}")
    assert status == submit.UNUSABLE
    assert f"IMAGES={number}: must be a number" in capsys.readouterr().err


def test_a_job_with_failures_does_not_end_well(running: Running, tmp_path: Path) -> None:
    def refuse(*_: Any) -> None:
        raise Refused("Not this one.")

    write = running.house.parts.write
    calls: list[str] = []

    def sometimes(model: str, prompt: Any, seconds: float) -> Any:
        calls.append(prompt.purpose)
        return refuse() if len(calls) == 1 else write(model, prompt, seconds)

    object.__setattr__(running.house.parts, "write", sometimes)
    status, said = sent(running, tmp_path)
    assert status == 1
    assert "1 failed" in said
    assert "items?status=failed" in said
    assert len(list((tmp_path / "out").rglob("*.md"))) == 1


def test_a_paused_job_says_why_and_how_to_go_on(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.house.limit(plan=type(running.house.parts.limits.plan)(100_000, 1))
    running.api = api_of(running.house)
    looks: list[float] = []

    def wait(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) > 10:
            raise KeyboardInterrupt

    monkeypatch.setattr("local.submit.time.sleep", wait)
    status, said = sent(running, tmp_path)
    assert status == submit.INTERRUPTED
    assert said.count("paused: Article limit reached at keyword 2/2") == 1
    assert "/grants" in said
    assert "--job" in said


def test_an_interrupted_job_is_looked_at_again(running: Running, tmp_path: Path) -> None:
    job_id = running.api.post("/api/batch-jobs", {"keywords": ["forex"], "settings": {"length": "short"}}).data["jobId"]
    out = io.StringIO()
    status = submit.main(["--job", job_id, "--url", running.url, "--out", str(tmp_path)], {}, out)
    assert status == 0, out.getvalue()
    assert [path.suffix for path in sorted((tmp_path / "1-forex").iterdir())] == [".html", ".md"]


def test_a_token_that_runs_out_is_renewed(running: Running, tmp_path: Path) -> None:
    running.valid = False
    assert sent(running, tmp_path)[0] == 0
    assert running.tokens == 2


def test_a_token_of_ones_own_is_not(running: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    running.valid = False
    assert sent(running, tmp_path, "--token", "token-1")[0] == submit.UNUSABLE
    assert "expired" in capsys.readouterr().err


def test_a_refused_request_names_the_fields(
    running: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sent(running, tmp_path, "--tone", "rude", "--model", "gpt-0")[0] == submit.UNUSABLE
    assert "settings.tone: must be" in capsys.readouterr().err


def test_who_is_unknown_is_told_who_is_known(
    running: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sent(running, tmp_path, "--user", "nobody")[0] == submit.UNUSABLE
    assert "USER_NAME=demo" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "ftp://127.0.0.1", "nonsense"])
def test_where_nobody_answers_the_remedy_is_named(tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "k.txt").write_text("forex")
    assert submit.main([str(tmp_path / "k.txt")], {"URL": url}, io.StringIO()) == submit.UNUSABLE
    said = capsys.readouterr().err
    assert "make run" in said or "http://127.0.0.1:8000" in said


def test_keywords_are_read_as_people_write_them(tmp_path: Path) -> None:
    plain = tmp_path / "k.txt"
    plain.write_bytes("\ufeffforex\r\n  \r\nvàng, bạc\r\n".encode())
    assert read(plain) == ["forex", "vàng, bạc"]
    table = tmp_path / "k.csv"
    table.write_text('Keyword;Title;other;websiteId\nforex;"A; B";x;\n;empty;;\nvàng;;;w\n', "utf-8")
    assert read(table) == [{"keyword": "forex", "title": "A; B"}, {"keyword": "vàng", "websiteId": "w"}]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("k.txt", b" \n\n", "no keyword"),
        ("k.txt", b"\xff\xfe", "UTF-8"),
        ("k.csv", b"word,title\na,b\n", "column `keyword`"),
        ("k.csv", b"", "column `keyword`"),
        ("k.csv", b"keyword\n\n", "no keyword"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_apart(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ClientError, match=words):
        read(tmp_path / name)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClientError, match=r"gone\.txt"):
        read(tmp_path / "gone.txt")


def test_images_are_saved_beside_their_articles(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the export is so large that it comes by way of the bucket, which is not told the token."""
    seen: list[str | None] = []
    keep, answer = products.keep_export, running.answer

    def kept(parts: Parts, user: str, file: str, content: bytes, media_type: str) -> str:
        keep(parts, user, file, content, media_type)
        running.kept = content, media_type
        return f"{running.url}/bucket"

    def answered(call: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], bytes]:
        if call.path != "/bucket":
            return answer(call)
        seen.append(call.headers.get("Authorization"))
        return 200, {"Content-Type": running.kept[1]}, running.kept[0]

    monkeypatch.setattr(products, "keep_export", kept)
    monkeypatch.setattr(running, "answer", answered)
    monkeypatch.setattr("penstock.routes.exports.MOST_BYTES", 100)
    settings = {"length": "short", "autoInsertImages": True, "maxImages": 1}
    job_id = running.api.post("/api/batch-jobs", {"keywords": ["forex", "vàng"], "settings": settings}).data["jobId"]
    out = io.StringIO()
    assert submit.main(["--job", job_id, "--url", running.url, "--out", str(tmp_path)], {}, out) == 0
    saved = sorted(str(path.relative_to(tmp_path)).split("/", 1)[1] for path in tmp_path.rglob("*") if path.is_file())
    folders = sorted({name.split("/")[0] for name in saved})
    assert len(folders) == 2
    assert saved == [f"{each}/{name}" for each in folders for name in (f"{each}.html", f"{each}.md", "images/1.png")]
    assert seen == [None, None]


@pytest.mark.parametrize(
    ("name", "saved"), [("../../x.md", "x.md"), ("/etc/x", "etc/x"), ("a/../b.md", "a/b.md"), ("a/1.png", "a/1.png")]
)
def test_no_member_of_an_export_leads_out_of_the_folder(name: str, saved: str) -> None:
    assert calls._inside(name) == saved
