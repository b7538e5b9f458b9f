"""Bytes that this package wrote itself, and nobody else."""

import pickle
from typing import Any


def dump(thing: Any) -> bytes:
    return pickle.dumps(thing, protocol=5)


def load(data: bytes) -> Any:
    """What `dump` was given. Only for bytes of the state folder, which belongs to whoever runs this."""
    return pickle.loads(data)  # noqa: S301
