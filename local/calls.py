"""Calls of the HTTP interface, for the command line."""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

TIMEOUT_SECONDS = 35
PER_EXPORT = 200


class ClientError(Exception):
    """Something that the user can mend; the message says how."""


class Client:
    """With a token of one's own, or with a user of local mode, whose tokens are fetched and renewed."""

    def __init__(self, url: str, token: str | None, user: str) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise ClientError(f"{url} is no address of a Penstock: give one such as http://127.0.0.1:8000")
        self.url = url.rstrip("/")
        self._given = token
        self._user = user
        self._token = token or self._fetch_token()

    def json(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
        content, _ = self._authorized(method, path, body, headers or {})
        return json.loads(content)

    def exported(self, job_id: str, ending: str, total: int) -> Iterator[tuple[str, bytes]]:
        """Name and content of each article of a job, and of its images; a name may have folders."""
        for page in range(1, -(-total // PER_EXPORT) + 1):
            query = f"jobId={job_id}&format={ending}&page={page}&limit={PER_EXPORT}"
            content, headers = self._authorized("GET", f"/api/articles/export?{query}", None, {})
            if headers["content-type"] != "application/zip":
                yield PurePosixPath(headers["content-disposition"].split('"')[1]).name, content
                continue
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                yield from ((_inside(name), archive.read(name)) for name in archive.namelist())

    def _authorized(
        self, method: str, path: str, body: Any, headers: Mapping[str, str]
    ) -> tuple[bytes, dict[str, str]]:
        for attempt in range(2):
            try:
                return self._call(method, path, body, {**headers, "Authorization": f"Bearer {self._token}"})
            except HTTPError as error:
                if error.code == 401 and self._given is None and attempt == 0:
                    self._token = self._fetch_token()
                    continue
                raise ClientError(_problem(error)) from error
        raise AssertionError("the second attempt returns or raises")

    def _fetch_token(self) -> str:
        try:
            content, _ = self._call("GET", f"/local/token?user={self._user}", None, {})
        except HTTPError as error:
            hint = "name a user of local mode (USER_NAME=demo), or, elsewhere, send a token (TOKEN=…)"
            raise ClientError(f"{self.url} gives no token for {self._user!r}: {hint}") from error
        return str(json.loads(content)["token"])

    def _call(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> tuple[bytes, dict[str, str]]:
        data = json.dumps(body).encode() if body is not None else None
        typed = {"Content-Type": "application/json"} if data else {}
        request = Request(f"{self.url}{path}", data, typed, method=method)  # noqa: S310 - checked above
        for name, value in headers.items():
            request.add_unredirected_header(name, value)  # a token is for nobody else
        try:
            with urlopen(request, timeout=TIMEOUT_SECONDS) as reply:  # noqa: S310
                return reply.read(), {name.lower(): value for name, value in reply.headers.items()}
        except HTTPError:
            raise
        except (URLError, OSError) as error:
            reason = getattr(error, "reason", error)
            raise ClientError(
                f"Penstock does not answer at {self.url} ({reason}): start it with `make run`, or name another by URL=…"
            ) from error


def _inside(name: str) -> str:
    """A member's name, which leads nowhere but below the folder that it is saved to."""
    return "/".join(part for part in PurePosixPath(name).parts if part not in ("/", ".."))


def _problem(error: HTTPError) -> str:
    """A problem document in one line a fault; anything else by its status."""
    try:
        problem = json.loads(error.read())
        details = problem["error"]["details"]
        faults = [f"\n  {each['field']}: {each['message']}" for each in details] if isinstance(details, list) else []
        return "the request was refused:" + "".join(faults) if faults else str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        return f"the answer was {error.code} {error.reason}"
