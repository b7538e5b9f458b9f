"""The state folder: one process at a time, and nothing in it is thrown away unasked."""

import fcntl
import os
import time
from pathlib import Path


class FolderInUse(RuntimeError):
    """Another process works on the state folder."""


class Folder:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.snapshot = path / "emulator.snapshot"
        self._lock = -1

    def lock(self) -> None:
        """Takes the folder for this process. FolderInUse: another one has it."""
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.read(self._lock, 20).decode() or "unknown"
            self.unlock()
            raise FolderInUse(
                f"{self.path} is in use by another Penstock (process {owner.strip()}): "
                "stop that one, or name another folder with STATE=…"
            ) from error
        os.truncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def unlock(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def replace(self, chunks: list[bytes]) -> None:
        """Writes the snapshot whole or not at all, and onto the disk."""
        draft = self.snapshot.with_suffix(".draft")
        with draft.open("wb") as file:
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.snapshot)
        self._sync()

    def _sync(self) -> None:
        folder = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def empty(self) -> None:
        """Forgets the snapshot and its objects, as asked for."""
        for file in self._files():
            file.unlink()

    def _files(self) -> list[Path]:
        return [file for file in (self.snapshot, *self.path.glob("bytes-*.bin")) if file.exists()]

    def put_aside(self, why: str) -> str:
        """Moves the snapshot and its objects out of the way, and returns the sentence that says so."""
        stamp = time.strftime("%Y%m%d-%H%M%S") + f"-{time.time_ns() % 1_000_000:06d}"
        aside = self.path / f"{why}-{stamp}"
        aside.mkdir()
        for file in self._files():
            file.rename(aside / file.name)
        return str(aside)
