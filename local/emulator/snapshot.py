"""The emulator's state on disk: taken between two requests, written whole or not at all, brought back into a process.

A snapshot is a line of JSON (what wrote it, how long it is, its checksum) and a pickle of the backends' own state.
Under the locks only the small things are pickled. Items and objects are many and never change, so each is written
once, into a file of bytes beside the snapshot (`bodies.py`): a snapshot adds what changed, and names what it needs
(`journal.py`).
"""

import io
import json
import pickle
import zlib
from collections.abc import Iterator
from typing import Any

from local.emulator import changes, pickled
from local.emulator.bodies import WASTE, Bodies, Place
from local.emulator.corrections import PINNED
from local.emulator.folder import Folder
from local.emulator.freezing import THAW, Freezer, Thawer, backends, find_backend
from local.emulator.locks import everything
from local.emulator.objects import journal_of

FORMAT = 1
UNUSABLE = (ValueError, LookupError, AttributeError, ImportError, EOFError, TypeError, pickle.UnpicklingError)
SERVICES = ("dynamodb", "sqs", "s3", "cognito-idp", "cloudformation")


class Unreadable(Exception):
    """The snapshot cannot be used; the message says why, in a word fit for a folder's name."""


class Snapshots:
    """Takes and restores snapshots in one folder."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._bodies = Bodies(folder.path)
        self._taken = -1
        self._looked = 0

    def take(self) -> bool:
        """Writes the state if anything may have changed since the last time; returns whether it did."""
        with everything():
            count = changes.count()
            if count == self._taken:
                return False
            if not self._bodies.name or self._wasteful():
                self._bodies.start_again()
            skeleton, freezer = self._capture()
        try:
            plain = [(kind, part()) for kind, part in freezer.parts]
            self._write(pickled.dump((skeleton, plain, self._bodies.name)))
        except BaseException:
            for journal in freezer.journals:
                journal.forget()
            raise
        self._bodies.clean()
        self._taken = count
        return True

    def _wasteful(self) -> bool:
        """Whether most of the file of bytes is of no use; looked at only when it has grown much."""
        if self._bodies.size - self._looked < WASTE:
            return False
        self._looked = self._bodies.size
        live = sum(place.length for place in _places())
        return self._bodies.wasteful(live)

    def _capture(self) -> tuple[bytes, Freezer]:
        state = {}
        for service in SERVICES:
            for account, region, backend in _backends(service):
                state[service, account, region] = backend.__dict__
        file = io.BytesIO()
        freezer = Freezer(file, self._bodies)
        freezer.dump(state)
        return file.getvalue(), freezer

    def _write(self, body: bytes) -> None:
        header = {"penstock": "emulator", "format": FORMAT, "moto": PINNED, "bytes": len(body)}
        line = json.dumps({**header, "crc32": zlib.crc32(body)}) + "\n"
        self._folder.replace([line.encode(), body])

    def restore(self) -> None:
        """Brings the last snapshot back, if there is one. Unreadable: nothing was brought back."""
        if not self._folder.snapshot.exists():
            return
        skeleton, plain, name = pickled.load(self._body())
        try:
            parts = [THAW[kind](part, self._bodies) for kind, part in plain]
            state = Thawer(io.BytesIO(skeleton), parts).load()
        except UNUSABLE as error:
            raise Unreadable("damaged") from error
        self._bodies.go_on_with(name)
        self._looked = self._bodies.size
        for (service, account, region), fields in state.items():
            find_backend(service, account, region).__dict__.update(fields)
        self._taken = changes.count()

    def close(self) -> None:
        self._bodies.close()

    def _body(self) -> bytes:
        line, _, body = self._folder.snapshot.read_bytes().partition(b"\n")
        try:
            header: dict[str, Any] = json.loads(line)
            size, checksum = header["bytes"], header["crc32"]
        except (ValueError, KeyError, TypeError) as error:
            raise Unreadable("damaged") from error
        if (header.get("format"), header.get("moto")) != (FORMAT, PINNED):
            raise Unreadable("other-version")
        if len(body) != size or zlib.crc32(body) != checksum:
            raise Unreadable("damaged")
        return body


def _backends(service: str) -> Iterator[tuple[str, str, Any]]:
    yield from backends(service).iter_backends()


def _places() -> Iterator[Place]:
    """Everything on disk that the next snapshot would still need."""
    for _, _, backend in _backends("dynamodb"):
        for table in backend.tables.values():
            yield from table.items.journal.places
    for _, _, backend in _backends("s3"):
        for bucket in backend.buckets.values():
            yield from journal_of(bucket.keys).places
            for name in list(bucket.keys):
                yield from (v.__dict__["kept"] for v in bucket.keys.getlist(name) if "kept" in v.__dict__)
