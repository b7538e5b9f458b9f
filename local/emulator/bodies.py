"""Bytes that never change, on disk: appended once, found by place, left behind when most of the file is waste."""

import os
import uuid
from pathlib import Path
from typing import BinaryIO, NamedTuple

WASTE = 64 * 1024 * 1024  # bytes nobody needs that are not worth a new file


class Place(NamedTuple):
    file: str
    offset: int
    length: int


class Bodies:
    """One growing file in the state folder. A snapshot names the places it needs; they are on disk before it is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = ""
        self.size = 0
        self._readers: dict[str, BinaryIO] = {}

    def read(self, place: Place) -> bytes:
        """The bytes at this place. ValueError: the file does not hold them."""
        if place.file not in self._readers:
            path = self.folder / place.file
            if not path.exists():
                raise ValueError(f"{place.file} is missing")
            self._readers[place.file] = path.open("rb")
        body = os.pread(self._readers[place.file].fileno(), place.length, place.offset)
        if len(body) < place.length:
            raise ValueError(f"{place.file} ends before {place.offset + place.length}")
        return body

    def go_on_with(self, name: str) -> None:
        """New bytes go to the end of the file of this name, behind whatever a broken snapshot left there."""
        self.name = name
        self.size = (self.folder / name).stat().st_size if name and (self.folder / name).exists() else 0

    def wasteful(self, live: int) -> bool:
        return self.size - live > max(WASTE, live)

    def start_again(self) -> None:
        """From now on another file; the old one stays until `clean`."""
        self.name, self.size = f"bytes-{uuid.uuid4().hex[:12]}.bin", 0

    def append(self, bodies: list[bytes]) -> list[Place]:
        """Where each of them now is, on disk."""
        places = []
        with (self.folder / self.name).open("r+b" if self.size else "wb") as file:
            file.seek(self.size)
            for body in bodies:
                places.append(Place(self.name, self.size, len(body)))
                file.write(body)
                self.size += len(body)
            file.flush()
            os.fsync(file.fileno())
        return places

    def clean(self) -> None:
        """Removes the files that the snapshot does not name."""
        for path in self.folder.glob("bytes-*.bin"):
            if path.name != self.name:
                path.unlink()

    def close(self) -> None:
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()
