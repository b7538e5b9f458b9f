"""What can happen next."""

from typing import NamedTuple

from tests.model.state import State


class Step(NamedTuple):
    """`name` says what happens; `pid` to whom, `number` to which job (or lane, or dead letter), `item` to which of its
    items (or messages, or how many changes). `asked` is the fate of a call, `dies` that its worker does not live to say
    that it is done. `whim`: nothing in the system leads to it. `what` it comes to, in words."""

    name: str
    what: str
    after: State
    pid: int = 0
    number: int = 0
    item: int = 0
    asked: str = ""
    dies: bool = False
    whim: bool = False
