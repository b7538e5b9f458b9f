"""The environment of the functions. Its only reader; nothing is read before `settings()` is first called."""

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator


class Settings(BaseModel):
    """As the template sets it. Each field is one variable, in upper case."""

    # A fault names the variable, never what is in it.
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    table_name: str
    bucket_name: str
    queue_url_high: str
    queue_url_normal: str
    queue_url_low: str
    issuer: str = ""
    client_id: str = ""
    jwks_url: str = ""
    plan_tokens: int = Field(1_000_000, ge=0)
    plan_articles: int = Field(1_000, ge=0)
    window: int = Field(50, ge=2, le=1000)
    visibility_seconds: int = Field(960, ge=60)
    offline_writer: bool = False
    extra_kinds: Path | None = None
    catalogue_key: str = ""
    catalogue: Path | None = None
    files_url: str = Field("", pattern=r"^(https?://\S+)?$")
    openai_api_key: SecretStr = SecretStr("")
    openai_key_parameter: str = ""
    openai_base_url: str = Field("", pattern=r"^(https?://\S+)?$")
    openai_models: str = ""
    gemini_api_key: SecretStr = SecretStr("")
    gemini_key_parameter: str = ""
    gemini_base_url: str = Field("", pattern=r"^(https?://\S+)?$")

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """A variable that is set but empty counts as not set."""
        known = {name: environment[name.upper()] for name in cls.model_fields if environment.get(name.upper())}
        return cls.model_validate(known)

    @field_validator("openai_api_key", "gemini_api_key")
    @classmethod
    def _fits_a_header(cls, key: SecretStr) -> SecretStr:
        return usable(key.get_secret_value())

    @model_validator(mode="after")
    def _models_have_a_server(self) -> Self:
        if self.openai_models and not self.openai_base_url:
            raise ValueError("OPENAI_MODELS are the models of a server of your own: set OPENAI_BASE_URL to its address")
        return self

    @property
    def providers(self) -> tuple[str, ...]:
        """Those that can be called: a server of one's own needs no key."""
        ways = {
            "openai": self.openai_api_key or self.openai_key_parameter or self.openai_base_url,
            "gemini": self.gemini_api_key or self.gemini_key_parameter or self.gemini_base_url,
        }
        return tuple(provider for provider, way in ways.items() if way)

    @property
    def queue_urls(self) -> dict[str, str]:
        return {"high": self.queue_url_high, "normal": self.queue_url_normal, "low": self.queue_url_low}

    @property
    def keys_url(self) -> str:
        return self.jwks_url or f"{self.issuer.rstrip('/')}/.well-known/jwks.json"


def usable(key: str) -> SecretStr:
    """A key as a header can carry it: files and consoles like to end one with a line end. Raises ValueError."""
    text = key.strip()
    if not (text.isascii() and text.isprintable()):
        raise ValueError("a key has printable ASCII characters only")
    return SecretStr(text)


@lru_cache(maxsize=1)
def settings() -> Settings:
    return Settings.read(os.environ)
