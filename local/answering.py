"""Who answers in place of a model, said at the start: whether a key was found is known then, and not after a batch."""

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from local.description import Description
from local.errors import LocalError

NAMES = {"openai": "OpenAI", "gemini": "Gemini"}
SHOWN = 3


def describe(description: Description) -> list[str]:
    """A line for each provider that some model is of; none where the template is not Penstock's.

    Raises LocalError for settings that nobody can answer with. To be called when the environment and the path are those
    of the functions.
    """
    if not any("OFFLINE_WRITER" in function.environment for function in description.functions.values()):
        return []
    from pydantic import ValidationError  # noqa: PLC0415 - as below

    from penstock import wiring  # noqa: PLC0415 - it lies in a layer, whose path is known by now
    from penstock.settings import Settings  # noqa: PLC0415

    try:
        settings = Settings.read(os.environ)
        catalogue = wiring.parts().models
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, each['loc'])).upper()} {each['msg']}".strip() for each in error.errors())
        raise LocalError("; ".join(faults)) from None
    except ValueError as error:
        raise LocalError(str(error)) from None
    models: dict[str, list[str]] = {}
    for model in catalogue.models:
        models.setdefault(model.provider, []).append(model.id)
    ways = {provider: _way(provider, settings.model_dump()) for provider in settings.providers}
    return [_line(provider, ways.get(provider), ids, offline=catalogue.offline) for provider, ids in models.items()]


def _way(provider: str, settings: Mapping[str, Any]) -> tuple[str, str]:
    """Who it is, and with what; the key itself is nobody's business, nor are a name and a password in an address."""
    name, address = NAMES.get(provider, provider), urlsplit(settings[f"{provider}_base_url"])
    if address.hostname:
        name = f"the server at {address.scheme}://{address.netloc.rpartition('@')[2]}{address.path}"
    if settings[f"{provider}_api_key"]:
        return name, f"with {provider.upper()}_API_KEY"
    parameter = settings[f"{provider}_key_parameter"]
    return name, f"with the key in {parameter}" if parameter else "without a key"


def _line(provider: str, way: tuple[str, str] | None, ids: list[str], *, offline: bool) -> str:
    if way is None:
        who, name = "the offline writer" if offline else "nobody", NAMES.get(provider, provider)
        return f"{who} for {name}'s models ({provider.upper()}_API_KEY is not set)"
    shown = ", ".join(ids[:SHOWN]) + (", …" if len(ids) > SHOWN else "")
    return f"{way[0]} for {shown} ({way[1]})"
