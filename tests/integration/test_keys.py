"""Keys from the parameter store: the real clients against the emulator, and OpenAI's against a server that checks the
key."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest

from local.emulator import Emulator
from penstock import wiring
from penstock.domain.errors import Limited, Transient
from penstock.domain.models import Catalogue
from penstock.providers.transport.waits import OPERATOR_PAUSE
from penstock.secrets import MOST_AGE, Keys
from penstock.settings import Settings
from tests import fake_openai as fake
from tests.fake_media import IMAGE, PAINTER, made
from tests.fake_openai import MODEL, PROMPT, Asked, FakeOpenAI, Reply, refuses

SECONDS = 10.0
NAME = "/penstock/test/openai-api-key"
NEEDED = {name: name for name in ("table_name", "bucket_name", "queue_url_high", "queue_url_normal", "queue_url_low")}

Put = Callable[[str], None]


@pytest.fixture
def put() -> Iterator[Put]:
    """Puts a key into the parameter NAME."""
    with Emulator(port=None):
        store = boto3.client("ssm")
        yield lambda key: store.put_parameter(Name=NAME, Value=key, Type="SecureString", Overwrite=True) and None


@pytest.fixture
def server() -> Iterator[FakeOpenAI]:
    with fake.serving() as server:
        yield server


def settings(**more: Any) -> Settings:
    return Settings.model_validate({**NEEDED, "openai_key_parameter": NAME, **more})


def accepting(*keys: str) -> Callable[[Asked], Reply]:
    """A provider that accepts these keys, and quotes what it does not accept."""

    def answer(asked: Asked) -> Reply:
        key = asked.headers["authorization"].removeprefix("Bearer ")
        return made(asked) if key in keys else refuses(401, f"Incorrect API key: {key}.", code="invalid_api_key")

    return answer


def holding(key: str) -> Reply:
    """As the parameter store answers."""
    parameter = {"Name": NAME, "Type": "SecureString", "Value": key, "Version": 1}
    return fake.sends(json.dumps({"Parameter": parameter}).encode(), content_type="application/x-amz-json-1.1")


def writers(server: FakeOpenAI) -> wiring.Writers:
    found = settings(openai_base_url=server.url)
    return wiring.Writers(Catalogue([MODEL, PAINTER], available=found.providers), found)


def sent(server: FakeOpenAI) -> list[str]:
    """The keys that came, in order."""
    return [asked.headers["authorization"].removeprefix("Bearer ") for asked in server.asked]


# ── a key that is there ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_key_comes_out_of_its_parameter_decrypted(put: Put) -> None:
    put("sk-first\n")
    assert Keys(settings()).of("openai").get_secret_value() == "sk-first"


def test_a_key_of_the_environment_goes_before() -> None:
    """Nothing is read: there is no store here."""
    assert Keys(settings(openai_api_key="sk-own")).of("openai").get_secret_value() == "sk-own"


@pytest.mark.parametrize("provider", ["offline", "openai"])
def test_who_needs_no_key_has_an_empty_one(provider: str) -> None:
    assert Keys(Settings.model_validate(NEEDED)).of(provider).get_secret_value() == ""


def test_a_key_is_kept_and_read_again_once_it_is_old(put: Put) -> None:
    put("sk-first")
    keys = Keys(settings(), most_age=1)
    assert keys.of("openai").get_secret_value() == "sk-first"
    put("sk-second")
    assert keys.of("openai").get_secret_value() == "sk-first"
    time.sleep(1.1)
    assert keys.of("openai").get_secret_value() == "sk-second"
    assert MOST_AGE <= 300


def test_a_key_that_is_asked_for_afresh_is_not_the_kept_one(put: Put) -> None:
    put("sk-first")
    keys = Keys(settings())
    keys.of("openai")
    put("sk-second")
    assert keys.of("openai", afresh=True).get_secret_value() == "sk-second"
    assert keys.of("openai").get_secret_value() == "sk-second"


def test_the_first_call_reads_the_key_and_the_next_ones_do_not(put: Put, server: FakeOpenAI) -> None:
    put("sk-first")
    server.answer = accepting("sk-first")
    write, make = (found := writers(server)).write, found.make
    assert write(MODEL.id, PROMPT, SECONDS).written_by == "openai"
    put("sk-second")
    assert make(PAINTER.id, IMAGE, SECONDS).written_by == "openai"
    assert sent(server) == ["sk-first", "sk-first"]


def test_threads_that_begin_at_once_read_the_key_once(server: FakeOpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", server.url.removesuffix("/v1"))
    server.answer = lambda asked: made(asked) if asked.path.startswith("/v1") else holding("sk-first")
    write = writers(server).write
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: write(MODEL.id, PROMPT, SECONDS).text, range(16)))
    assert found == [fake.ARTICLE] * 16
    assert [asked.path for asked in server.asked].count("/") == 1


# ── a key that is exchanged ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_key_that_was_exchanged_costs_nobody_a_pause(put: Put, server: FakeOpenAI) -> None:
    """The operator exchanges the key, and the provider closes the former one: the call that it refuses is made again
    with the new one, and no later call is refused."""
    put("sk-first")
    server.answer = accepting("sk-first")
    write = writers(server).write
    write(MODEL.id, PROMPT, SECONDS)
    put("sk-second")
    server.answer = accepting("sk-second")
    assert write(MODEL.id, PROMPT, SECONDS).text == fake.ARTICLE
    assert write(MODEL.id, PROMPT, SECONDS).text == fake.ARTICLE
    assert sent(server) == ["sk-first", "sk-first", "sk-second", "sk-second"]


def test_a_new_key_that_is_refused_too_is_not_tried_on_and_on(put: Put, server: FakeOpenAI) -> None:
    put("sk-first")
    server.answer = accepting("sk-first")
    write = writers(server).write
    write(MODEL.id, PROMPT, SECONDS)
    put("sk-mistyped")
    server.answer = accepting("sk-second")
    with pytest.raises(Limited, match="does not accept the key") as refused:
        write(MODEL.id, PROMPT, SECONDS)
    assert refused.value.operator
    assert sent(server) == ["sk-first", "sk-first", "sk-mistyped"]


def test_a_key_that_was_taken_away_is_not_used_on(put: Put, server: FakeOpenAI) -> None:
    put("sk-first")
    server.answer = accepting("sk-first")
    write = writers(server).write
    write(MODEL.id, PROMPT, SECONDS)
    boto3.client("ssm").delete_parameter(Name=NAME)
    server.answer = accepting("sk-second")
    with pytest.raises(Limited, match=f"the parameter {NAME} does not exist"):
        write(MODEL.id, PROMPT, SECONDS)


def test_threads_whose_key_is_exchanged_all_go_on(put: Put, server: FakeOpenAI) -> None:
    put("sk-first")
    server.answer = accepting("sk-first")
    write = writers(server).write
    with ThreadPoolExecutor(8) as pool:
        before = [pool.submit(write, MODEL.id, PROMPT, SECONDS) for _ in range(16)]
        before[0].result()
        put("sk-second")
        server.answer = accepting("sk-second")
        after = [pool.submit(write, MODEL.id, PROMPT, SECONDS) for _ in range(16)]
        assert {each.result().text for each in (*before, *after)} == {fake.ARTICLE}
    assert sent(server)[-1] == "sk-second"


def test_a_key_that_is_refused_and_still_the_same_is_asked_with_again(put: Put, server: FakeOpenAI) -> None:
    put("sk-first")
    server.answer = accepting("sk-other")
    write = writers(server).write
    for _ in range(3):
        with pytest.raises(Limited, match="does not accept the key"):
            write(MODEL.id, PROMPT, SECONDS)
    server.answer = accepting("sk-first")
    assert write(MODEL.id, PROMPT, SECONDS).text == fake.ARTICLE


def test_a_limit_for_a_moment_is_no_doubt_of_the_key(put: Put, server: FakeOpenAI) -> None:
    put("sk-first")
    server.answer = fake.always(refuses(429, Retry_After="7"))
    write = writers(server).write
    with pytest.raises(Limited):
        write(MODEL.id, PROMPT, SECONDS)
    put("sk-second")
    server.answer = accepting("sk-first")
    assert write(MODEL.id, PROMPT, SECONDS).text == fake.ARTICLE


# ── a key that is not there ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_parameter_that_is_missing_pauses_the_job_and_is_named(put: Put, server: FakeOpenAI) -> None:
    write = writers(server).write
    with pytest.raises(Limited, match=f"the parameter {NAME} does not exist, put its key there") as missing:
        write(MODEL.id, PROMPT, SECONDS)
    assert (missing.value.retry_after, server.asked) == (OPERATOR_PAUSE, [])
    put("sk-first")
    assert write(MODEL.id, PROMPT, SECONDS).text == fake.ARTICLE


@pytest.mark.parametrize(("value", "said"), [(" \n", "is blank"), ("sk-ключ-1", "printable ASCII characters only")])
def test_a_key_that_cannot_be_sent_pauses_the_job_and_is_not_quoted(put: Put, value: str, said: str) -> None:
    put(value)
    with pytest.raises(Limited, match=said) as unusable:
        Keys(settings()).of("openai")
    assert unusable.value.retry_after == OPERATOR_PAUSE
    assert NAME in unusable.value.message
    assert "ключ" not in unusable.value.message


def told(code: str, status: int = 400) -> Reply:
    """As the parameter store refuses."""
    body = json.dumps({"__type": code, "message": f"{code} for {NAME}"}).encode()
    return fake.sends(body, status, "application/x-amz-json-1.1")


@pytest.mark.parametrize(
    ("reply", "said", "pause"),
    [
        (
            told("AccessDeniedException"),
            "allow the worker's role ssm:GetParameter on it and kms:Decrypt",
            OPERATOR_PAUSE,
        ),
        (told("InvalidKeyId"), r"cannot be read, check it \(InvalidKeyId\)", OPERATOR_PAUSE),
        (told("ThrottlingException"), "does not answer", 0),
        (told("InternalServerError", 500), "does not answer", 0),
        (fake.hangs_up, "does not answer", 0),
    ],
    ids=["forbidden", "cannot be decrypted", "throttled", "fails", "hangs up"],
)
def test_a_store_that_gives_no_key_is_nobodys_failure(
    server: FakeOpenAI, monkeypatch: pytest.MonkeyPatch, reply: Reply, said: str, pause: float
) -> None:
    """Neither a try is counted nor an item failed; only what an operator must mend pauses for long."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", server.url.removesuffix("/v1"))
    server.answer = fake.always(reply)
    with pytest.raises(Limited, match=said) as ended:
        Keys(settings()).of("openai")
    assert NAME in ended.value.message
    assert ended.value.retry_after == pause
    assert len(server.asked) <= 2


def test_what_the_key_took_is_taken_from_the_time_of_the_call(
    server: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store answers after a second; of the seconds of the call, that one is gone."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", server.url.removesuffix("/v1"))

    def late(connection: fake.Connection) -> None:
        server.closing.wait(1.0)
        holding("sk-first")(connection)

    server.answer = lambda asked: fake.hangs if asked.path.startswith("/v1") else late
    began = time.monotonic()
    with pytest.raises(Transient) as ended:
        writers(server).write(MODEL.id, PROMPT, 2.5)
    assert ended.value.reason == "provider_timeout"
    assert time.monotonic() - began < 3.4


def test_a_key_shows_in_no_error_no_log_and_no_representation(
    put: Put, server: FakeOpenAI, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even where everything is logged: at that level botocore writes whole answers."""
    put("sk-very-secret")
    server.answer = accepting("sk-other")
    caplog.set_level(logging.DEBUG)
    logging.getLogger("botocore").setLevel(logging.NOTSET)
    logging.getLogger("botocore.parsers").setLevel(logging.NOTSET)
    found = writers(server)
    with pytest.raises(Limited) as refused:
        found.write(MODEL.id, PROMPT, SECONDS)
    assert sent(server) == ["sk-very-secret"]
    assert {"botocore.endpoint", "openai._base_client"} <= {record.name for record in caplog.records}
    own = settings(openai_api_key="sk-very-secret")
    shown = [refused.value.message, repr(refused.value), repr(vars(found)), repr(own), caplog.text]
    assert not [text for text in shown if "very-secret" in text]
