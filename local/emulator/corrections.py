"""All corrections of moto, applied once per process. Each module says what AWS does, what moto does, why it counts."""

import importlib
import importlib.metadata
import threading

PINNED = "5.2.5"
ORDER = (
    "memory",
    "locks",
    "items",
    "conditions",
    "updates",
    "queries",
    "shards",
    "transactions",
    "queues",
    "objects",
    "signing",
    "frozen",
    "dispatch",
)

_once = threading.Lock()
_applied = False


class WrongMoto(RuntimeError):
    """The corrections replace private code of one release of moto; any other release could break silently."""


def apply() -> None:
    """Corrects moto in this process; a second call does nothing."""
    global _applied  # noqa: PLW0603  # moto's classes are process-wide, and so is the fact that they are corrected
    version = importlib.metadata.version("moto")
    if version != PINNED:
        raise WrongMoto(
            f"the emulator corrects moto {PINNED}, but moto {version} is installed: "
            f"install moto=={PINNED} (make install does), or adapt local/emulator and its tests first"
        )
    with _once:
        if not _applied:
            for name in ORDER:
                importlib.import_module(f"local.emulator.{name}").apply()
            _applied = True
