"""A catalogue of the operator's own: an object in the bucket, or, in local mode, a file."""

import json
from pathlib import Path
from typing import Any

import pytest

from penstock import wiring
from penstock.settings import Settings
from penstock.store.files import Files
from tests.backends import client
from tests.house import House
from tests.unit.test_catalogue import entry

KEY = "config/models.json"


@pytest.fixture
def files(house: House) -> Files:
    return house.parts.files


def settings(files: Files, **more: Any) -> Settings:
    needed = {f"queue_url_{each}": "https://sqs/1" for each in ("high", "normal", "low")}
    return Settings.model_validate({"table_name": "t", "bucket_name": files.bucket, **needed, **more})


def put(files: Files, *entries: dict[str, Any]) -> None:
    client("s3").put_object(Bucket=files.bucket, Key=KEY, Body=json.dumps({"models": entries}).encode())


def test_the_object_that_is_named_takes_the_place_of_the_built_in_catalogue(files: Files) -> None:
    put(files, entry("mine", features=["text"]))
    assert [model.id for model in wiring.models(settings(files, catalogue_key=KEY), files)] == ["mine"]
    assert len(wiring.models(settings(files), files)) > 1


def test_a_file_does_so_in_local_mode(files: Files, tmp_path: Path) -> None:
    file = tmp_path / "models.json"
    file.write_text(json.dumps({"models": [entry("mine")]}))
    assert [model.id for model in wiring.models(settings(files, catalogue=file), files)] == ["mine"]


def test_one_that_is_missing_or_faulty_stops_the_start_and_is_named(files: Files) -> None:
    with pytest.raises(ValueError, match=f"{files.bucket}/{KEY}: is not there.*CatalogueKey"):
        wiring.models(settings(files, catalogue_key=KEY), files)
    put(files, entry("mine", colour="red"))
    with pytest.raises(ValueError, match=rf"{files.bucket}/{KEY}: models\.0\.colour"):
        wiring.models(settings(files, catalogue_key=KEY), files)
