"""What the template sets is what the code reads, and nothing else."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError
from samtranslator.yaml_helper import yaml_parse

from penstock.settings import Settings

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
# Read by powertools and by boto3. EXTRA_KINDS and CATALOGUE are for local mode alone, and so is a provider's key:
# deployed, it must not stand in an environment.
OF_LIBRARIES = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_LOG_LEVEL", "AWS_ENDPOINT_URL"}
LOCAL_ONLY = {"EXTRA_KINDS", "CATALOGUE", "FILES_URL", "OPENAI_API_KEY", "GEMINI_API_KEY", "GEMINI_BASE_URL"}
NEEDED = {
    "TABLE_NAME": "table",
    "BUCKET_NAME": "bucket",
    "QUEUE_URL_HIGH": "https://sqs/high",
    "QUEUE_URL_NORMAL": "https://sqs/normal",
    "QUEUE_URL_LOW": "https://sqs/low",
}


def declared() -> set[str]:
    template = yaml_parse(TEMPLATE.read_text())
    return set(template["Globals"]["Function"]["Environment"]["Variables"])


def test_the_template_sets_what_wiring_reads() -> None:
    fields = {name.upper() for name in Settings.model_fields}
    assert declared() - OF_LIBRARIES == fields - LOCAL_ONLY


def test_no_key_stands_in_the_template() -> None:
    """Only where it is to be read from."""
    named = {name for name in declared() if "KEY" in name}
    assert named == {"CATALOGUE_KEY", "OPENAI_KEY_PARAMETER", "GEMINI_KEY_PARAMETER"}


def test_no_function_has_variables_of_its_own() -> None:
    """Local mode runs all of them in one process, under one environment."""
    resources = yaml_parse(TEMPLATE.read_text())["Resources"].values()
    assert not [each for each in resources if "Environment" in each.get("Properties", {})]


def test_an_empty_variable_counts_as_not_set() -> None:
    settings = Settings.read(
        {**NEEDED, "EXTRA_KINDS": "", "WINDOW": "", "ISSUER": "https://issuer/", "OFFLINE_WRITER": "true"}
    )
    assert (settings.extra_kinds, settings.window, settings.offline_writer) == (None, 50, True)
    assert settings.keys_url == "https://issuer/.well-known/jwks.json"


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(ValidationError, match="table_name"):
        Settings.read({name: value for name, value in NEEDED.items() if name != "TABLE_NAME"})


def test_models_of_ones_own_need_their_server() -> None:
    with pytest.raises(ValidationError, match="set OPENAI_BASE_URL"):
        Settings.read({**NEEDED, "OPENAI_MODELS": "llama3.2"})
    own = {**NEEDED, "OPENAI_MODELS": "llama3.2", "OPENAI_BASE_URL": "http://127.0.0.1:11434/v1"}
    assert Settings.read(own).providers == ("openai",)


def test_an_address_without_its_protocol_is_named() -> None:
    with pytest.raises(ValidationError, match="openai_base_url"):
        Settings.read({**NEEDED, "OPENAI_BASE_URL": "localhost:11434/v1"})


@pytest.mark.parametrize("provider", ["openai", "gemini"])
def test_the_name_of_a_parameter_makes_its_provider_available(provider: str) -> None:
    settings = Settings.read({**NEEDED, f"{provider.upper()}_KEY_PARAMETER": "/penstock/prod/key"})
    assert settings.providers == (provider,)


@pytest.mark.parametrize(
    ("parameter", "taken", "refused"),
    [
        (
            "OpenAIKeyParameter",
            ["", "/penstock/prod/openai-api-key", "/key"],
            ["penstock/key", "/a b", "sk-secret", "/"],
        ),
        ("GeminiKeyParameter", ["", "/penstock/prod/gemini-api-key"], ["AIza-secret"]),
        (
            "OpenAIBaseUrl",
            ["", "http://10.0.0.7:11434/v1", "https://llm.example/v1"],
            ["10.0.0.7:11434", "https://a b"],
        ),
        ("OpenAIModels", ["", "llama3.2, qwen3:8b", "hf.co/org/Model-GGUF:Q4_K_M"], ["llama3.2; qwen3", '"llama3.2"']),
    ],
)
def test_a_parameter_that_cannot_be_right_is_refused_before_anything_is_deployed(
    parameter: str, taken: list[str], refused: list[str]
) -> None:
    pattern = yaml_parse(TEMPLATE.read_text())["Parameters"][parameter]["AllowedPattern"]
    assert [value for value in taken if not re.fullmatch(pattern, value)] == []
    assert [value for value in refused if re.fullmatch(pattern, value)] == []
