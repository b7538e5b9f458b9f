"""What local mode cannot do, said before it starts."""


class LocalError(Exception):
    """Something stands in the way of starting; the message names it and the remedy."""


class TemplateError(LocalError):
    """The template asks for something local mode does not carry; the message starts with the logical id."""

    def __init__(self, logical_id: str, problem: str) -> None:
        super().__init__(f"{logical_id}: {problem}")
