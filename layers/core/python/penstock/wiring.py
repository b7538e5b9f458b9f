"""Puts the parts together; nothing happens before `parts()` is first called."""

import logging
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from uuid6 import uuid7

from penstock.domain.changes import Change
from penstock.domain.errors import Limited, Refused
from penstock.domain.models import Catalogue, Model
from penstock.domain.prompts import Completion, Media, MediaPrompt, Prompt
from penstock.domain.quota import Needs
from penstock.engine.parts import Limits, Parts
from penstock.kinds import loader
from penstock.kinds.documents import html
from penstock.providers import catalogue
from penstock.providers.base import Writer
from penstock.providers.openai.requests import is_vendor
from penstock.secrets import Keys
from penstock.settings import Settings, settings
from penstock.store import changes
from penstock.store.files import Files
from penstock.store.queues import Queues
from penstock.store.records import Records
from penstock.store.table import Table

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from pydantic import SecretStr

R = TypeVar("R", Completion, Media)

# A call to AWS that hangs must not eat a worker's time; the SDK tries again, and every write of ours may be repeated.
CLIENT = Config(
    connect_timeout=2,
    read_timeout=10,
    max_pool_connections=32,
    parameter_validation=False,  # 7 % of a worker's CPU; the type checker and the tests' clients have done it
    retries={"mode": "standard", "total_max_attempts": 4},
)


@lru_cache(maxsize=1)
def parts() -> Parts:
    """Of this process, made on the first call."""
    return build(settings())


def build(settings: Settings) -> Parts:
    table = Table(boto3.client("dynamodb", config=CLIENT), settings.table_name)
    files = Files(boto3.client("s3", config=CLIENT), settings.bucket_name, links=_links(settings))
    offered = Catalogue(models(settings, files), available=settings.providers, offline=settings.offline_writer)
    writers = Writers(offered, settings)
    return Parts(
        table=table,
        records=Records(table),
        queues=Queues(boto3.client("sqs", config=CLIENT), settings.queue_urls),
        files=files,
        kinds=loader.load(*([settings.extra_kinds] if settings.extra_kinds else [])),
        models=offered,
        write=writers.write,
        make=writers.make,
        clock=lambda: time.time_ns() // 1_000_000,
        new_id=lambda: str(uuid7()),
        new_fence=lambda: uuid4().hex,
        limits=Limits(
            settings.window, Needs(settings.plan_tokens, settings.plan_articles), settings.visibility_seconds
        ),
    )


def models(settings: Settings, files: Files) -> tuple[Model, ...]:
    """Those of the catalogue; the models of a server of one's own stand before it, in the place of OpenAI's. Where only
    its address is given it is asked for OpenAI's, but searches nothing."""
    listed = _listed(settings, files)
    if settings.openai_models:
        others = (each for each in listed if each.provider != "openai")
        return *catalogue.of_own_server(settings.openai_models), *others
    if settings.openai_base_url and not is_vendor(settings.openai_base_url):
        return catalogue.without("search", "openai", listed)
    return listed


def _listed(settings: Settings, files: Files) -> tuple[Model, ...]:
    """The built-in catalogue, or the one that takes its place. A faulty one stops the start: other models or prices
    than those that were asked for would be worse."""
    if settings.catalogue:
        return catalogue.load(settings.catalogue)
    if not settings.catalogue_key:
        return catalogue.load()
    place = f"s3://{files.bucket}/{settings.catalogue_key}"
    text = files.get(settings.catalogue_key)
    if text is None:
        raise ValueError(f"{place}: is not there; put the catalogue there, or leave the parameter CatalogueKey empty")
    return catalogue.read(text, place)


def _links(settings: Settings) -> "Callable[[], S3Client]":
    """Made when the first address is signed. Without a style, they would not lead to the bucket's region."""
    style = Config(signature_version="s3v4", s3={"addressing_style": "path" if settings.files_url else "virtual"})
    address = settings.files_url or None
    return lru_cache(maxsize=1)(lambda: boto3.client("s3", config=CLIENT.merge(style), endpoint_url=address))


def clean_html(markup: str, address: Callable[[str], str | None] | None = None) -> str:
    """Safe to show: see `kinds.documents.html`."""
    return html.clean(markup, address)


def word_document(article: Mapping[str, Any], content: str, pictures: Mapping[str, bytes]) -> bytes:
    """See `kinds.documents.word`."""
    from penstock.kinds.documents import word  # noqa: PLC0415 - an XML library: only where somebody wants one

    return word.document(article, content, pictures)


def read_stream(event: Mapping[str, Any]) -> list[Change]:
    """What a DynamoDB stream event says."""
    return changes.read(event["Records"])


@lru_cache(maxsize=1)
def _logger() -> Logger:
    """One structured logger; whatever the package logs goes through it."""
    logger = Logger()
    logging.getLogger("penstock")
    copy_config_to_registered_loggers(source_logger=logger, include={"penstock"})
    return logger


def observe(context: LambdaContext) -> Logger:
    """The logger, with this invocation's id in each of its lines."""
    logger = _logger()
    logger.thread_safe_clear_keys()
    logger.thread_safe_append_keys(request_id=context.aws_request_id, function=context.function_name)
    return logger


class Writers:
    """Asks whoever answers for a model. A provider is made, and its SDK imported, when it is first asked; and made anew
    when its key is another one. A call's seconds are for all of that too."""

    def __init__(self, models: Catalogue, settings: Settings) -> None:
        self._models, self._settings, self._keys = models, settings, Keys(settings)
        self._made: dict[str, tuple[SecretStr, Writer]] = {}
        self._making = Lock()

    def write(self, model_id: str, prompt: Prompt, seconds: float) -> Completion:
        return self._ask(model_id, seconds, lambda writer, model, left: writer.write(model, prompt, left))

    def make(self, model_id: str, prompt: MediaPrompt, seconds: float) -> Media:
        return self._ask(model_id, seconds, lambda writer, model, left: writer.make(model, prompt, left))

    def _ask(self, model_id: str, seconds: float, ask: Callable[[Writer, Model, float], R]) -> R:
        """Once more where the key that was refused is not the one that is to be used any more: nothing is paid for a
        refusal, and nobody need wait."""
        end = time.monotonic() + seconds
        model = self._models.find(model_id)
        provider = self._models.answered_by(model) if model else None
        if model is None or provider is None:
            raise Refused(f"Nobody here can write with the model {model_id!r}.", code="model_unavailable")
        writer = self._writer(provider)
        try:
            return ask(writer, model, max(0.0, end - time.monotonic()))
        except Limited as limited:
            if not limited.operator:
                raise
            newer = self._writer(provider, afresh=True)
            if newer is writer:
                raise
        return ask(newer, model, max(0.0, end - time.monotonic()))

    def _writer(self, provider: str, *, afresh: bool = False) -> Writer:
        """Whoever still waits for an answer keeps the writer of the former key; it holds no connection."""
        with self._making:
            key = self._keys.of(provider, afresh=afresh)
            made = self._made.get(provider)
            if made is None or made[0] != key:
                made = self._made[provider] = key, _make(provider, self._settings, key.get_secret_value())
            return made[1]


def _make(provider: str, settings: Settings, key: str) -> Writer:
    if provider == "offline":
        from penstock.providers.offline import OfflineWriter  # noqa: PLC0415 - only where it is asked

        return OfflineWriter()
    if provider == "openai":
        from penstock.providers.openai import OpenAIWriter  # noqa: PLC0415 - as above

        return OpenAIWriter(key, settings.openai_base_url)
    if provider == "gemini":
        from penstock.providers.gemini import GeminiWriter  # noqa: PLC0415 - as above

        return GeminiWriter(key, settings.gemini_base_url)
    raise Refused(f"The provider {provider!r} is not built in.", code="model_unavailable")
