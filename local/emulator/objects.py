"""S3 objects are plain bytes, hashed once, and a snapshot writes each of them once.

What AWS does: an object is immutable; writing it again makes another one.
What moto 5.2.5 does: each object holds a temporary file and a lock, is copied at every read, and warns at exit of files
it did not close.
Why Penstock needs it: three objects per item; a snapshot every few seconds must not write them all again.
Not corrected: signature and expiry of presigned URLs are not checked, nor a POST policy's conditions.
"""

from collections.abc import Callable
from typing import Any

import moto.s3.models
from moto.s3.models import FakeKey
from moto.s3.utils import _VersionedKeyStore
from moto.utilities.utils import md5_hash

from local.emulator import pickled
from local.emulator.journal import Journal
from local.emulator.patching import replace

OWN = ("kept", "frozen", "journal", "bodies")  # what a snapshot adds to an object: no fields of moto's


class _NoFiles:
    """Takes the place of `tempfile` in moto's S3: an object needs no file."""

    @staticmethod
    def SpooledTemporaryFile(_: int) -> None:  # noqa: N802  # the name moto calls
        return None


class _NoLock:
    """Takes the place of `threading` there: bytes need no lock."""

    @staticmethod
    def Lock() -> None:  # noqa: N802  # the name moto calls
        return None


def _value(self: FakeKey) -> bytes:
    body: bytes | None = self.__dict__.get("body")
    if body is None:
        body = self.__dict__["body"] = self.__dict__["bodies"].read(self.__dict__["kept"])
    return body


def _set_value(self: FakeKey, value: bytes | str) -> None:
    body = value.encode() if isinstance(value, str) else bytes(value)
    self.__dict__["body"] = body
    self.__dict__.pop("kept", None)
    self.contentsize = len(body)


def _etag(self: FakeKey) -> str:
    if self._etag is None:
        digest = md5_hash()
        digest.update(self.value)
        self._etag = digest.hexdigest()
    return f'"{self._etag}"'


def _set(self: FakeKey, name: str, value: Any) -> None:
    _touch(self)
    object.__setattr__(self, name, value)


def _touch(key: FakeKey) -> None:
    """A field changes: a snapshot's copy of them is stale, and the next snapshot must take the object again."""
    if "frozen" not in key.__dict__:
        return
    name = key.name  # first, for an object that came back has its fields from those bytes
    del key.__dict__["frozen"]
    if "journal" in key.__dict__:
        key.__dict__["journal"].changed[name] = None


def _get(self: FakeKey, name: str) -> Any:
    """An object that came back has its fields when the first is asked for."""
    frozen = self.__dict__.get("frozen")
    if frozen is None or "name" in self.__dict__:
        raise AttributeError(name)
    self.__dict__.update(pickled.load(frozen))
    return getattr(self, name)


def _set_metadata(self: FakeKey, metadata: Any, replace: bool = False) -> None:
    _touch(self)
    _moto_set_metadata(self, metadata, replace)


def journal_of(keys: _VersionedKeyStore) -> Journal:
    """The history of a bucket's objects."""
    journal: Journal = keys.__dict__.setdefault("journal", Journal())
    return journal


def _note(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of a bucket's mapping that changes the key named first."""

    def noted(self: _VersionedKeyStore, key: str, *values: Any) -> Any:
        result = method(self, key, *values)
        journal_of(self).changed[key] = None
        for version in self.getlist(key, []):
            if isinstance(version, FakeKey):
                version.__dict__["journal"] = journal_of(self)
        return result

    return noted


def _dispose(self: FakeKey, garbage: bool = False) -> None:  # noqa: ARG001  # as moto calls it
    self.__dict__["disposed"] = True


def _getstate(self: FakeKey) -> dict[str, Any]:
    _ = self.name, self.value  # an object that came back has them only now
    return {name: value for name, value in self.__dict__.items() if name not in OWN}


def _setstate(self: FakeKey, state: dict[str, Any]) -> None:
    self.__dict__.update(state)


_moto_set_metadata = FakeKey.set_metadata


def apply() -> None:
    replace(moto.s3.models, "tempfile", _NoFiles)
    replace(moto.s3.models, "threading", _NoLock)
    replace(FakeKey, "value", property(_value, _set_value))
    replace(FakeKey, "etag", property(_etag))
    replace(FakeKey, "set_metadata", _set_metadata)
    replace(FakeKey, "dispose", _dispose)
    replace(FakeKey, "__getstate__", _getstate)
    replace(FakeKey, "__setstate__", _setstate)
    for name in ("__setitem__", "setlist", "pop"):
        replace(_VersionedKeyStore, name, _note(_VersionedKeyStore.__dict__[name]))
    FakeKey.__getattr__ = _get  # type: ignore[attr-defined]
    FakeKey.__setattr__ = _set  # type: ignore[assignment]
    del FakeKey.__del__
