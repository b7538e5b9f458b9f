"""A server of one's own, as the README shows it, and who is said to answer at the start of local mode."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest

from bench.penstock import NO_PROVIDER, ROOT, User, running
from local import dotenv
from penstock import wiring
from penstock.domain.models import Catalogue
from penstock.settings import Settings
from penstock.store.files import Files
from tests import fake_openai as fake
from tests.fake_openai import FakeOpenAI
from tests.integration.test_end_to_end import SHOUT, wait
from tests.integration.test_keys import accepting

NEEDED = {name: name for name in ("TABLE_NAME", "BUCKET_NAME", "QUEUE_URL_HIGH", "QUEUE_URL_NORMAL", "QUEUE_URL_LOW")}


@pytest.fixture
def server() -> Iterator[FakeOpenAI]:
    with fake.serving() as server:
        yield server


@pytest.fixture
def example(tmp_path: Path) -> dict[str, str]:
    """The lines for `.env` of the README's section."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Your own model")[2].partition("\n## ")[0]
    (lines,) = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    file = tmp_path / ".env"
    file.write_text(lines)
    return dotenv.read(file)


def offered(**environment: str) -> Catalogue:
    settings = Settings.read({**NEEDED, **environment})
    files = Files(boto3.client("s3"), "unused")
    return Catalogue(wiring.models(settings, files), available=settings.providers, offline=settings.offline_writer)


def test_the_example_offers_its_models_in_place_of_openais(example: dict[str, str]) -> None:
    models = offered(**example)
    assert [model.id for model in models.models if model.provider == "openai"] == ["llama3.2", "qwen3:8b"]
    assert [model.id for model in models.able("text")] == ["llama3.2", "qwen3:8b"]
    first = models.first()
    assert first is not None
    assert first.id == "llama3.2"
    assert any(model.provider == "gemini" for model in models.models)


def test_a_name_that_another_model_has_stops_the_start(example: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="names both"):
        offered(**{**example, "OPENAI_MODELS": "llama3.2, Gemini"})


def test_without_names_the_catalogues_own_are_asked_for(example: dict[str, str]) -> None:
    models = offered(OPENAI_BASE_URL=example["OPENAI_BASE_URL"])
    first = models.first()
    assert first is not None
    assert first.id == offered().models[0].id
    searching = {model.provider for model in models.models if "search" in model.features}
    assert searching == {"gemini"}, "the server of one's own has no such tool"


def test_openais_own_address_searches() -> None:
    models = offered(OPENAI_BASE_URL="https://eu.api.openai.com/v1")
    assert models.models == offered().models


@pytest.fixture
def kinds(tmp_path: Path) -> str:
    """A folder with a kind of batches whose lines take one call each."""
    folder = tmp_path / "kinds"
    folder.mkdir()
    (folder / "shout.py").write_text(SHOUT)
    return str(folder)


def shouted(user: User, phrase: str) -> Any:
    """The job of one line, once it has come to rest."""
    job = user.call("POST", "/api/batch-jobs", {"job_type": "shout", "phrases": [phrase]})
    return wait(user, job["data"]["jobId"], "completed", "failed", "paused")


def test_the_example_writes(server: FakeOpenAI, example: dict[str, str], kinds: str) -> None:
    """All of it is as the README has it but the address, which is this test's."""
    assert example["OPENAI_BASE_URL"].endswith("/v1")
    with running(**{**example, "OPENAI_BASE_URL": server.url, "EXTRA_KINDS": kinds}) as penstock:
        job = shouted(penstock.user(), "hello")
        assert penstock.variables["OPENAI_MODELS"] == example["OPENAI_MODELS"]
    assert (job["status"], job["completedItems"], job["cost"]) == ("completed", 1, 0), job
    assert job["tokensUsed"] == 150
    assert {asked.body["model"] for asked in server.asked} == {"llama3.2"}
    assert {asked.path for asked in server.asked} == {"/v1/chat/completions"}


def test_a_key_in_the_parameter_store_is_sent_exchanged_and_missed(server: FakeOpenAI, kinds: str) -> None:
    """As deployed: the template is given a name. The operator puts a key there, then another one, and takes it away."""
    name = "/penstock/local/openai-api-key"
    parameters = f"OpenAIKeyParameter={name} OfflineWriter=false"
    own = {"PARAMETERS": parameters, "OPENAI_BASE_URL": server.url, "EXTRA_KINDS": kinds, "LOG_LEVEL": "DEBUG"}
    with running(**own) as penstock:
        user = penstock.user()
        with closing(penstock.client("ssm")) as store:
            for key in ("sk-very-secret-1", "sk-very-secret-2"):
                store.put_parameter(Name=name, Value=key, Type="SecureString", Overwrite=True)
                server.answer = accepting(key)
                job = shouted(user, "hello")
                assert (job["status"], job["completedItems"]) == ("completed", 1), job
                assert server.asked[-1].headers["authorization"] == f"Bearer {key}"
            store.delete_parameter(Name=name)
        server.answer = accepting("sk-other")
        job = shouted(user, "bye")
        assert (job["status"], job["pauseReason"], job["failedItems"]) == ("paused", "provider", 0)
        assert f"the parameter {name} does not exist" in job["errorMessage"]
        log = (penstock.state / "penstock.log").read_text(encoding="utf-8")
        assert "very-secret" not in json.dumps([penstock.variables, job]) + log


# ── what local mode says at its start ───────────────────────────────────────────────────────────────────────────────


def started(folder: Path, **environment: str) -> str:
    """What `python -m local` prints in `folder` until it is ready, or ends."""
    own = {"PORT": "0", "TEMPLATE": str(ROOT / "template.yaml"), "PYTHONPATH": os.environ.get("PYTHONPATH", str(ROOT))}
    inherited = {name: value for name, value in os.environ.items() if name not in NO_PROVIDER}
    process = subprocess.Popen(
        [sys.executable, "-m", "local"],
        cwd=folder,
        env={**inherited, **own, "PYTHONPATH": f"{ROOT}{os.pathsep}{own['PYTHONPATH']}", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = ""
    with process, process.stdout as stdout:
        for line in stdout:
            said += line
            if "Ctrl-C" in line:
                process.terminate()
    return said


def test_local_mode_says_who_answers_and_never_the_key(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OPENAI_API_KEY=sk-very-secret\n")
    said = started(tmp_path)
    assert re.search(r"answers    OpenAI for gpt-\S+, .* \(with OPENAI_API_KEY\)\n", said), said
    assert re.search(r"           the offline writer for Gemini's models \(GEMINI_API_KEY is not set\)\n", said), said
    assert "very-secret" not in said
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != ".env"]
    assert kept
    assert not [path for path in kept if b"very-secret" in path.read_bytes()]


def test_local_mode_names_the_server_of_ones_own(tmp_path: Path, example: dict[str, str]) -> None:
    """The file of the test is the README's."""
    said = started(tmp_path)
    address = example["OPENAI_BASE_URL"]
    assert f"answers    the server at {address} for llama3.2, qwen3:8b (without a key)\n" in said


def test_a_password_in_an_address_is_not_said(tmp_path: Path) -> None:
    address = "http://ann:very-secret@127.0.0.1:9/v1"
    said = started(tmp_path, OPENAI_BASE_URL=address, OPENAI_MODELS="a, b, c, d", OPENAI_API_KEY="sk-1")
    assert "answers    the server at http://127.0.0.1:9/v1 for a, b, c, … (with OPENAI_API_KEY)\n" in said
    assert "very-secret" not in said


@pytest.mark.parametrize(
    ("environment", "fault"),
    [
        pytest.param({"OPENAI_MODELS": "llama3.2"}, "set OPENAI_BASE_URL", id="no server", marks=pytest.mark.long),
        pytest.param(
            {"OPENAI_MODELS": "my model", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"},
            "'my model' cannot be a model's name",
            id="no name",
            marks=pytest.mark.long,
        ),
        pytest.param(
            {"OPENAI_API_KEY": "sk-ключ"},
            "OPENAI_API_KEY Value error, a key has printable ASCII characters only",
            id="no key",
        ),
        pytest.param({"PARAMETERS": "OpenAIModels=llama3.2"}, "set OPENAI_BASE_URL", id="by parameter"),
    ],
)
def test_local_mode_does_not_start_with_what_nobody_can_answer(
    tmp_path: Path, environment: dict[str, str], fault: str
) -> None:
    said = started(tmp_path, **environment)
    assert said.startswith("penstock: ")
    assert fault in said
    assert "Traceback" not in said
    assert "ключ" not in said
