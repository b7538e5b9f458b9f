"""How a correction replaces a piece of moto: by name, once, and loudly when the piece is not there."""

from collections.abc import Callable
from typing import Any


def replace(owner: Any, name: str, new: Any) -> Any:
    """Puts `new` in the place of `owner.name` and returns what was there. A missing name is an error: another moto."""
    old = owner.__dict__[name] if isinstance(owner, type) else getattr(owner, name)
    setattr(owner, name, new)
    return old


def add(owner: Any, name: str, new: Any) -> None:
    """Adds a name that `owner` must not have yet."""
    if hasattr(owner, name):
        raise TypeError(f"{owner!r} already has {name!r}: the emulator's corrections do not fit this moto")
    setattr(owner, name, new)


def under(lock: Any, method: Callable[..., Any]) -> Callable[..., Any]:
    """The method, run while the lock is held."""

    def locked(self: Any, *arguments: Any, **options: Any) -> Any:
        with lock:
            return method(self, *arguments, **options)

    return locked
