"""How each thing in the backends becomes plain data, and comes back."""

import io
import pickle
import threading
from collections.abc import Callable
from typing import Any

from joserfc import jwk
from moto.core.base_backend import BaseBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.s3.models import FakeKey
from moto.s3.utils import _VersionedKeyStore

from local.emulator import pickled
from local.emulator.bodies import Bodies, Place
from local.emulator.frozen import Keys, freeze_item, raw, thaw_item, typed
from local.emulator.journal import Journal
from local.emulator.objects import journal_of
from local.emulator.rows import Partitions
from local.emulator.shards import Change, Shard

LOCKS = (type(threading.Lock()), type(threading.RLock()), threading.Condition)
Part = Callable[[], Any]  # turns what was captured under the locks into plain data, outside of them


def items_part(table: Partitions, bodies: Bodies) -> tuple[Journal, Part]:
    size = sum(1 if isinstance(value, Item) else len(value) for value in table.values())
    captured = table.journal.capture(size, table.entries, bodies.name)

    def write() -> list[Place]:
        frozen = [(freeze_item(item) if item is not None else (_raw_keys(keys), None)) for keys, item in captured]
        return table.journal.write(pickled.dump(frozen), len(frozen), bodies)

    return table.journal, write


def _raw_keys(keys: tuple[DynamoType, DynamoType | None]) -> Keys:
    return raw(keys[0]), raw(keys[1]) if keys[1] else None


def thaw_items(places: list[Place], bodies: Bodies) -> Partitions:
    table, count = Partitions(), 0
    for place in places:
        entries = pickled.load(bodies.read(place))
        count += len(entries)
        for keys, values in entries:
            item = thaw_item((keys, values)) if values is not None else None
            if item is not None:
                table.store(item)
            else:
                table.remove(typed(keys[0]), typed(keys[1]) if keys[1] else None)
    table.journal.restored(places, count)
    return table


def changes_part(changes: list[Change]) -> Part:
    captured = list(changes)
    return lambda: [
        (change.sequence, change.at, change.event_id, freeze_item(change.old), freeze_item(change.new))
        for change in captured
    ]


def thaw_changes(frozen: list[tuple[int, float, str, Any, Any]], _: Bodies) -> list[Change]:
    return [Change(number, at, name, thaw_item(old), thaw_item(new)) for number, at, name, old, new in frozen]


def objects_part(keys: _VersionedKeyStore, bodies: Bodies) -> tuple[Journal, Part]:
    journal = journal_of(keys)
    names = journal.capture(len(keys), lambda: ((name, None) for name in list(keys)), bodies.name)
    captured = [(name, list(keys.getlist(name, []))) for name, _ in names]

    def write() -> list[Place]:
        new = [version for _, versions in captured for version in versions if _unkept(version, bodies)]
        if new:
            for version, place in zip(new, bodies.append([version.value for version in new]), strict=True):
                version.__dict__["kept"] = place
        frozen = [(name, [_freeze_object(version) for version in versions]) for name, versions in captured]
        return journal.write(pickled.dump(frozen), len(frozen), bodies)

    return journal, write


def _unkept(version: Any, bodies: Bodies) -> bool:
    """Whether the body is not yet in the file that bodies go to; a deletion marker has none."""
    if not isinstance(version, FakeKey):
        return False
    kept: Place | None = version.__dict__.get("kept")
    return kept is None or kept.file != bodies.name


def _freeze_object(version: Any) -> tuple[bytes, Place | None]:
    if not isinstance(version, FakeKey):
        return pickled.dump(version), None
    frozen: bytes | None = version.__dict__.get("frozen")
    if frozen is None:
        fields = version.__getstate__()
        frozen = pickled.dump({name: value for name, value in fields.items() if name != "body"})
        version.__dict__["frozen"] = frozen
    return frozen, version.__dict__["kept"]


def thaw_objects(places: list[Place], bodies: Bodies) -> _VersionedKeyStore:
    keys, count = _VersionedKeyStore(), 0
    journal = journal_of(keys)
    for place in places:
        entries = pickled.load(bodies.read(place))
        count += len(entries)
        for name, versions in entries:
            thawed = [_thaw_object(fields, kept, journal, bodies) for fields, kept in versions]
            if thawed:
                dict.__setitem__(keys, name, thawed)
            else:
                dict.pop(keys, name, None)
    journal.restored(places, count)
    return keys


def _thaw_object(fields: bytes, kept: Place | None, journal: Journal, bodies: Bodies) -> Any:
    if kept is None:
        return pickled.load(fields)
    version: Any = FakeKey.__new__(FakeKey)
    version.__dict__.update(kept=Place(*kept), frozen=fields, journal=journal, bodies=bodies)
    return version


THAW: dict[str, Callable[[Any, Bodies], Any]] = {
    "items": thaw_items,
    "changes": thaw_changes,
    "objects": thaw_objects,
}


class Freezer(pickle.Pickler):
    """Pickles the backends; large things are set aside in `parts`, as (kind, what makes the plain data)."""

    def __init__(self, file: io.BytesIO, bodies: Bodies) -> None:
        super().__init__(file, protocol=5)
        self.parts: list[tuple[str, Part]] = []
        self.journals: list[Journal] = []
        self._bodies = bodies

    def reducer_override(self, thing: Any) -> Any:
        if isinstance(thing, Partitions):
            return self._journaled("items", items_part(thing, self._bodies))
        if isinstance(thing, _VersionedKeyStore):
            return self._journaled("objects", objects_part(thing, self._bodies))
        if isinstance(thing, Shard):
            return object.__new__, (Shard,), {**thing.__dict__, "changes": _Records(thing.changes)}
        if isinstance(thing, _Records):
            return self._aside("changes", changes_part(thing.changes))
        return _reduce_small(thing)

    def _journaled(self, kind: str, part: tuple[Journal, Part]) -> Any:
        self.journals.append(part[0])
        return self._aside(kind, part[1])

    def _aside(self, kind: str, part: Part) -> Any:
        self.parts.append((kind, part))
        return thaw_part, (len(self.parts) - 1,)


class _Records:
    """A stream's records on their way into a part of their own."""

    def __init__(self, changes: list[Change]) -> None:
        self.changes = changes


def _reduce_small(thing: Any) -> Any:
    if isinstance(thing, BaseBackend):
        return find_backend, (type(thing).__module__.split(".")[1], thing.account_id, thing.region_name)
    if isinstance(thing, LOCKS):
        return new_lock, (isinstance(thing, threading.Condition),)
    if isinstance(thing, jwk.RSAKey):
        return jwk.RSAKey.import_key, (thing.as_dict(private=True),)
    return NotImplemented


def new_lock(condition: bool) -> Any:
    return threading.Condition() if condition else threading.RLock()


def backends(service: str) -> Any:
    """moto's backends of one service, by account and region."""
    from moto.backends import get_backend  # noqa: PLC0415  # importing every backend is slow

    return get_backend(service)  # type: ignore[call-overload]


def find_backend(service: str, account: str, region: str) -> Any:
    return backends(service)[account][region]


class Thawer(pickle.Unpickler):
    """Loads what a Freezer pickled, with its parts at hand."""

    def __init__(self, file: io.BytesIO, parts: list[Any]) -> None:
        super().__init__(file)
        self._parts = parts

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == (__name__, "thaw_part"):
            return self._parts.__getitem__
        return super().find_class(module, name)


def thaw_part(number: int) -> Any:
    raise TypeError(f"part {number} needs a Thawer")
