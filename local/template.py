"""Reads template.yaml and lets AWS's own SAM translator turn it into plain CloudFormation."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import yaml
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from local.errors import LocalError, TemplateError
from local.intrinsics import Intrinsics

STACK = "penstock"
REGION = "us-east-1"
ACCOUNT = "123456789012"
PSEUDO = {
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::StackName": STACK,
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/local",
    "AWS::URLSuffix": "amazonaws.com",
}
# What a parameter is on one machine where its default is meant for the cloud; only names the template has are set.
LOCAL_PARAMETERS = {"OfflineWriter": "true"}
UPLOADED = "s3://local/code.zip"


@dataclass(frozen=True)
class Template:
    """Translated resources whose conditions hold, and the folders that code and layers lie in."""

    resources: Mapping[str, Mapping[str, Any]]
    intrinsics: Intrinsics
    code: Mapping[str, Path]
    layers: tuple[Path, ...]

    def of_type(self, *types: str) -> dict[str, Mapping[str, Any]]:
        """Properties by logical id of the resources of these types."""
        chosen = ((name, each) for name, each in self.resources.items() if each["Type"] in types)
        return {name: each.get("Properties", {}) for name, each in chosen}


def load(path: Path, overrides: Mapping[str, str]) -> Template:
    """The template at `path` with `overrides` for its parameters; raises LocalError where it cannot be read."""
    source = _parse(path)
    parameters = _parameters(source.get("Parameters", {}), overrides)
    code, layers = _folders(source, path.parent)
    translated = _translate(source, parameters, path)
    intrinsics = Intrinsics({**PSEUDO, **parameters}, source.get("Conditions", {}), source.get("Mappings", {}))
    resources = {
        name: each
        for name, each in translated["Resources"].items()
        if "Condition" not in each or intrinsics.holds(each["Condition"], name)
    }
    return Template(resources, intrinsics, code, layers)


def _parse(path: Path) -> dict[str, Any]:
    try:
        document = yaml_parse(path.read_text(encoding="utf-8"))
    except OSError as missing:
        raise LocalError(
            f"{path}: cannot be read ({missing.strerror}); set TEMPLATE to the template's path"
        ) from missing
    except yaml.YAMLError as wrong:
        raise LocalError(f"{path}: is not YAML: {wrong}") from wrong
    if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
        raise LocalError(f"{path}: holds no Resources")
    return document


def _parameters(declared: Mapping[str, Any], overrides: Mapping[str, str]) -> dict[str, Any]:
    unknown = sorted(set(overrides) - set(declared))
    if unknown:
        raise LocalError(f"PARAMETERS names {', '.join(unknown)}, which the template does not declare")
    chosen = {**LOCAL_PARAMETERS, **overrides}
    return {name: _parameter(name, each, chosen) for name, each in declared.items()}


def _parameter(name: str, declared: Mapping[str, Any], chosen: Mapping[str, str]) -> Any:
    kind = declared.get("Type", "String")
    if kind.startswith("AWS::SSM"):
        raise TemplateError(name, f"parameter of type {kind} is not supported in local mode")
    if name not in chosen and "Default" not in declared:
        raise TemplateError(name, f"parameter without a default: give it one, or set PARAMETERS='{name}=...'")
    value = str(chosen.get(name, declared.get("Default")))
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        return [part.strip() for part in value.split(",")]
    return value


def _folders(source: Mapping[str, Any], root: Path) -> tuple[dict[str, Path], tuple[Path, ...]]:
    shared = source.get("Globals", {}).get("Function", {})
    code, layers = {}, []
    for name, resource in source["Resources"].items():
        given = resource.get("Properties", {})
        if resource.get("Type") == "AWS::Serverless::Function":
            code[name] = root / _folder(name, "CodeUri", {**shared, **given})
        elif resource.get("Type") == "AWS::Serverless::LayerVersion":
            layers.append(root / _folder(name, "ContentUri", given) / "python")
    return code, tuple(layers)


def _folder(name: str, key: str, properties: Mapping[str, Any]) -> str:
    folder = properties.get(key)
    if not isinstance(folder, str) or folder.startswith("s3://"):
        raise TemplateError(name, f"local mode runs code from a folder: {key} must be one, not {folder!r}")
    return folder


def _translate(source: Mapping[str, Any], parameters: Mapping[str, Any], path: Path) -> dict[str, Any]:
    document = copy.deepcopy(dict(source))
    for resource in document["Resources"].values():
        _point_at_upload(resource)
    scalars = {name: ",".join(each) if isinstance(each, list) else each for name, each in parameters.items()}
    # Names of managed policies stay as they are: roles have no effect on one machine.
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=REGION))
    try:
        return dict(translator.translate(document, scalars))
    except InvalidDocumentException as invalid:
        raise LocalError(f"{path}: {'; '.join(each.message for each in invalid.causes)}") from invalid


def _point_at_upload(resource: dict[str, Any]) -> None:
    """The translator takes uploaded code only; the folders were noted before."""
    keys = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}
    key = keys.get(resource.get("Type", ""))
    if key is not None:
        resource.setdefault("Properties", {})[key] = UPLOADED
