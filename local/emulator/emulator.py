"""The AWS of local mode and of the tests: moto, corrected, kept on disk, and served on a port as well."""

import logging
import threading
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from local.emulator import corrections
from local.emulator.folder import Folder
from local.emulator.server import Server

if TYPE_CHECKING:
    from local.emulator.snapshot import Snapshots


class Emulator:
    """DynamoDB with streams, SQS, S3, Cognito and CloudFormation in this process, and on `port` for anyone else.

    `state`: the folder that keeps everything between runs; None keeps nothing. `fresh`: start empty all the same.
    `port`: 0 picks a free one, None serves none. Only one emulator runs in a process at a time.
    """

    def __init__(
        self, state: Path | None = None, host: str = "127.0.0.1", port: int | None = 0, fresh: bool = False
    ) -> None:
        self.state, self.fresh = state, fresh
        self.notices: list[str] = []  # what whoever started it should be told
        self._folder = Folder(state) if state is not None else None
        self._snapshots: Snapshots | None = None
        self._snapshot_lock = threading.Lock()
        self._server = Server(host, port) if port is not None else None
        self._mock: Any = None

    @property
    def port(self) -> int:
        return self._serving().port

    @property
    def url(self) -> str:
        return self._serving().url

    def _serving(self) -> Server:
        if self._server is None:
            raise ValueError("this emulator serves no port: give it port=0")
        return self._server

    def start(self) -> Self:
        """Takes over boto3 in this process, brings the kept state back, and serves it.

        FolderInUse: another process has the state folder. OSError: the port is taken.
        """
        corrections.apply()
        from moto import mock_aws  # noqa: PLC0415  # moto is slow to import, and `--help` needs none of it

        if self._folder is not None:
            self._folder.lock()
        self._mock = mock_aws()
        self._mock.start()
        try:
            self._restore()
            if self._server is not None:
                self._server.start()
        except BaseException:
            self._release()
            raise
        return self

    def _restore(self) -> None:
        if self._folder is None:
            return
        from local.emulator.snapshot import Snapshots, Unreadable  # noqa: PLC0415

        self._snapshots = Snapshots(self._folder)
        if self.fresh:
            self._folder.empty()
            return
        try:
            self._snapshots.restore()
        except Unreadable as error:
            aside = self._folder.put_aside(str(error))
            self.notices.append(f"The kept state could not be used ({error}); it was moved to {aside}. Starting empty.")
            logging.getLogger("penstock.emulator").warning(self.notices[-1])

    def snapshot(self) -> bool:
        """Keeps the state as it is between two requests; False if nothing changed since, or no state is kept."""
        with self._snapshot_lock:
            return self._snapshots.take() if self._snapshots is not None else False

    def stop(self) -> None:
        """Keeps the state a last time, and gives boto3 back."""
        try:
            if self._server is not None:
                self._server.stop()
            self.snapshot()
        finally:
            self._release()

    def _release(self) -> None:
        if self._server is not None:
            self._server.stop()
        if self._snapshots is not None:
            self._snapshots.close()
            self._snapshots = None
        if self._mock is not None:
            self._mock.stop()
            self._mock = None
        if self._folder is not None:
            self._folder.unlock()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
