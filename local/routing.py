"""Chooses the route of a request, by API Gateway's priorities."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from local.description import Route

DEFAULT = "$default"


@dataclass(frozen=True)
class _Candidate:
    route: Route
    pattern: re.Pattern[str]
    names: tuple[str, ...]
    rank: tuple[object, ...]


class Router:
    """Literal path segments go before `{name}`, that before `{name+}`, a verb before ANY, and $default comes last."""

    def __init__(self, routes: Iterable[Route]) -> None:
        known = list(routes)
        self._default = next((route for route in known if route.path == DEFAULT), None)
        candidates = [_candidate(route) for route in known if route.path != DEFAULT]
        self._candidates = sorted(candidates, key=lambda candidate: candidate.rank)

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route and its path parameters."""
        for candidate in self._candidates:
            if candidate.route.method in (method, "ANY") and (match := candidate.pattern.fullmatch(path)):
                return candidate.route, dict(zip(candidate.names, match.groups(), strict=True))
        return None if self._default is None else (self._default, {})


def _candidate(route: Route) -> _Candidate:
    segments = route.path.strip("/").split("/")
    names = tuple(segment[1:-1].removesuffix("+") for segment in segments if _is_variable(segment))
    pattern = re.compile("/" + "/".join(_expression(segment) for segment in segments), re.DOTALL)
    return _Candidate(route, pattern, names, ([_width(segment) for segment in segments], route.method == "ANY"))


def _is_variable(segment: str) -> bool:
    return segment.startswith("{") and segment.endswith("}")


def _width(segment: str) -> int:
    """0 for a literal, 1 for one segment, 2 for the rest of the path."""
    return 0 if not _is_variable(segment) else 2 if segment.endswith("+}") else 1


def _expression(segment: str) -> str:
    return (re.escape(segment), "([^/]+)", "(.+)")[_width(segment)]
