"""What the template sets is what the code reads, and nothing else."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from samtranslator.yaml_helper import yaml_parse

from penstock.settings import Settings

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
# Read by powertools and by boto3. EXTRA_KINDS and CATALOGUE are for local mode alone, and so is a provider's key:
# deployed, it must not stand in an environment.
OF_LIBRARIES = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_LOG_LEVEL", "AWS_ENDPOINT_URL"}
LOCAL_ONLY = {"EXTRA_KINDS", "CATALOGUE", "OPENAI_API_KEY", "OPENAI_BASE_URL"}
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
