"""A condition expression is parsed once and kept; each request puts its own values into it.

What AWS does: a condition costs microseconds.
What moto 5.2.5 does: it parses the text anew, with some twenty regular expressions per word, two or three times per
request (a claim's conditions: 1.5 ms), and dies of a TypeError where a text is compared with a number (AWS: not true).
Why Penstock needs it: every claim and settle carries conditions, and one process does the work of a region here.
"""

from collections.abc import Callable
from typing import Any

from moto.dynamodb.comparisons import (
    AttributeValue,
    ConditionExpressionParser,
    FuncBetween,
    OpGreaterThan,
    OpGreaterThanOrEqual,
    OpLessThan,
    OpLessThanOrEqual,
)

from local.emulator.patching import replace

MOST = 1_000  # different expressions kept


class Known:
    """A parsed expression: its tree, where its values go, and which names and values it uses."""

    def __init__(
        self, tree: Any, parser: ConditionExpressionParser, operands: list[tuple[str, AttributeValue]]
    ) -> None:
        self.tree, self.operands = tree, operands
        self.names, self.values = list(parser.expr_attr_names_found), list(parser.expr_attr_values_found)

    def fits(self, values: dict[str, Any]) -> bool:
        """Whether all values are there, of types that need no further checking."""
        return all(name in values and "NULL" not in values[name] for name, _ in self.operands)

    def fill(self, parser: ConditionExpressionParser, values: dict[str, Any]) -> Any:
        """The tree with these values in it. It is shared: to be used before the next request, under the lock."""
        for name, operand in self.operands:
            ((operand.type, operand.value),) = values[name].items()
        parser.expr_attr_names_found.extend(self.names)
        parser.expr_attr_values_found.extend(self.values)
        return self.tree


_known: dict[Any, Known] = {}
_moto_parse = ConditionExpressionParser.parse
_moto_operand = ConditionExpressionParser.__dict__["_make_operand"]


def _parse(self: ConditionExpressionParser) -> Any:
    if not self.condition_expression:
        return _moto_parse(self)
    names, values = self.expression_attribute_names or {}, self.expression_attribute_values or {}
    key = (self.condition_expression, *sorted(names.items()))
    known = _known.get(key)
    if known is not None and known.fits(values):
        return known.fill(self, values)
    operands = self.__dict__["operands"] = []
    tree = _moto_parse(self)
    if len(_known) >= MOST:
        _known.clear()
    _known[key] = Known(tree, self, operands)
    return tree


def _make_operand(self: ConditionExpressionParser, node: Any) -> Any:
    operand = _moto_operand(self, node)
    if isinstance(operand, AttributeValue):
        self.__dict__["operands"].append((node.text, operand))
    return operand


def _false_if_incomparable(expr: Callable[..., bool]) -> Callable[..., bool]:
    def compare(self: Any, item: Any) -> bool:
        try:
            return expr(self, item)
        except TypeError:  # text and number: DynamoDB has no order between them
            return False

    return compare


def apply() -> None:
    replace(ConditionExpressionParser, "parse", _parse)
    replace(ConditionExpressionParser, "_make_operand", _make_operand)
    for operator in (OpLessThan, OpLessThanOrEqual, OpGreaterThan, OpGreaterThanOrEqual, FuncBetween):
        replace(operator, "expr", _false_if_incomparable(operator.__dict__["expr"]))
