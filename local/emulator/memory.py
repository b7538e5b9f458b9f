"""moto does not hold on to what it has made.

What AWS does: what is deleted is gone.
What moto 5.2.5 does: every item, message and object it ever makes stays in a list of its class, for a dashboard.
Why Penstock needs it: local mode runs for days; a worker makes some twenty such things per item.
"""

from typing import Any

from moto.core.common_models import BaseModel

from local.emulator.patching import replace


def _new(cls: type[BaseModel], *_: Any, **__: Any) -> BaseModel:
    return object.__new__(cls)


def apply() -> None:
    replace(BaseModel, "__new__", staticmethod(_new))
