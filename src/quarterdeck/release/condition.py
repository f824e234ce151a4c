"""Conditions on a gate's number: a small language, and nothing that could do anything else.

    result < 0.01
    0 <= result <= 5
    result > 0 and not result * 100 >= 2.5
    (result - 3) / 2 < 10 or result == 42

One name, `result`. Numbers; `+ - * /`; comparisons `< <= > >= == !=`, also chained; `and`, `or`, `not`; parentheses.
No calls, no attributes, no powers, no texts. The syntax is Python's, so its parser reads it; what it finds is walked
here, because the libraries that evaluate such expressions also let conditionals, texts and attributes through.
"""

from __future__ import annotations

import ast
import math
import operator
import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Literal

LONGEST = 300
DEEPEST = 30

_ARITHMETIC: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_SLIPS = {"&&": "and", "||": "or", "%": "a fraction (0.05 for 5%)", "^": "a product", "**": "a product", "//": "/"}
_EXAMPLE = "write for example: result < 0.01"


class _Unknowable(ArithmeticError):
    """A number on the way isn't one: divided by zero, or too large."""


def check(text: str) -> None:
    """Pass if it is a condition.

    Raises:
        ValueError: what is wrong with it, and what to write.
    """
    _parsed(text)


def holds(text: str, result: float) -> bool | None:
    """Whether a condition holds for a number; None if that can't be told (it divides by zero, the number is NaN).

    Raises:
        ValueError: it isn't a condition.
    """
    tree = _parsed(text)
    if math.isnan(result):
        return None
    try:
        return _true(tree, result)
    except _Unknowable:
        return None


def bounds(text: str) -> tuple[float | None, float | None]:
    """Between which numbers `result` has to lie, the least and the most, where a condition says that plainly
    (`result < 0.01`, `0 <= result <= 5`, two of them joined by `and`); None for a side that it leaves open.

    Raises:
        ValueError: it isn't a condition.
    """
    tree = _parsed(text)
    parts = tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]
    least: float | None = None
    most: float | None = None
    for part in parts:
        if not isinstance(part, ast.Compare):
            return None, None
        for left, op, right in zip([part.left, *part.comparators], part.ops, part.comparators, strict=False):
            rising, falling = isinstance(op, ast.Lt | ast.LtE), isinstance(op, ast.Gt | ast.GtE)
            if isinstance(left, ast.Name) and isinstance(right, ast.Constant) and (rising or falling):
                limit = _number(right, 0.0)
                least, most = (least, limit) if rising else (limit, most)
            elif isinstance(left, ast.Constant) and isinstance(right, ast.Name) and (rising or falling):
                limit = _number(left, 0.0)
                least, most = (limit, most) if rising else (least, limit)
            else:
                return None, None
    return least, most


@lru_cache(maxsize=512)
def _parsed(text: str) -> ast.expr:
    if not text.strip():
        raise ValueError(f"an empty condition; {_EXAMPLE}")
    if len(text) > LONGEST:
        raise ValueError(f"a condition of {len(text)} characters; {LONGEST} are enough")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # `1or`: an error soon enough
            tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ValueError(f"not a condition: {text.strip()!r}{_slip(text)}") from None
    if _kind(tree, 0) == "number":
        raise ValueError(f"it compares nothing; {_EXAMPLE}")
    return tree


def _slip(text: str) -> str:
    for wrong, right in _SLIPS.items():
        if wrong in text:
            return f": instead of {wrong} write {right}"
    if "=" in text and not any(sign in text for sign in ("==", "<=", ">=", "!=")):
        return ": equal is =="
    return f"; {_EXAMPLE}"


def _kind(node: ast.expr, depth: int) -> Literal["number", "truth"]:
    """What a part of it is. Raises ValueError if it isn't allowed where it stands."""
    if depth > DEEPEST:
        raise ValueError("the condition is nested too deeply")

    def wants(kind: str, inner: ast.expr) -> None:
        if _kind(inner, depth + 1) != kind:
            needed = "a number" if kind == "number" else "a comparison"
            raise ValueError(f"{_said(inner)} isn't {needed}; {_EXAMPLE}")

    match node:
        case ast.Constant(value=bool()):
            raise ValueError(f"{_said(node)} isn't a number; {_EXAMPLE}")
        case ast.Constant(value=int() | float() as value):
            if not _finite(value):
                raise ValueError("a number in it is too large")
            return "number"
        case ast.Name(id="result"):
            return "number"
        case ast.Name():
            raise ValueError(f"{node.id} isn't known: the only name is `result`")
        case ast.UnaryOp(op=ast.UAdd() | ast.USub()):
            wants("number", node.operand)
            return "number"
        case ast.UnaryOp(op=ast.Not()):
            wants("truth", node.operand)
            return "truth"
        case ast.BinOp() if type(node.op) in _ARITHMETIC:
            wants("number", node.left)
            wants("number", node.right)
            return "number"
        case ast.BoolOp():
            for part in node.values:
                wants("truth", part)
            return "truth"
        case ast.Compare() if all(type(op) in _COMPARISONS for op in node.ops):
            for side in (node.left, *node.comparators):
                wants("number", side)
            return "truth"
        case ast.Subscript(value=ast.Name(id="result")):
            raise ValueError("`result` is one number, not a list: write `result` instead of `result[0]`")
    raise ValueError(f"{_said(node)} has no place in a condition{_slip(_said(node))}")


def _true(node: ast.expr, result: float) -> bool:
    match node:
        case ast.UnaryOp():
            return not _true(node.operand, result)
        case ast.BoolOp(op=ast.And()):
            return all(_true(part, result) for part in node.values)
        case ast.BoolOp():
            return any(_true(part, result) for part in node.values)
        case ast.Compare():
            sides = [_number(side, result) for side in (node.left, *node.comparators)]
            pairs = zip(sides, node.ops, sides[1:], strict=False)
            return all(_COMPARISONS[type(op)](left, right) for left, op, right in pairs)
    raise AssertionError(ast.dump(node))


def _number(node: ast.expr, result: float) -> float:
    match node:
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case ast.Name():
            return result
        case ast.UnaryOp(op=ast.USub()):
            return -_number(node.operand, result)
        case ast.UnaryOp():
            return _number(node.operand, result)
        case ast.BinOp():
            return _computed(_ARITHMETIC[type(node.op)], _number(node.left, result), _number(node.right, result))
    raise AssertionError(ast.dump(node))


def _computed(how: Callable[[float, float], float], left: float, right: float) -> float:
    try:
        value = how(left, right)
    except ArithmeticError:
        raise _Unknowable from None
    if math.isnan(value) or (math.isinf(value) and not (math.isinf(left) or math.isinf(right))):
        raise _Unknowable
    return value


def _finite(value: float) -> bool:
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _said(node: ast.expr) -> str:
    return f"`{ast.unparse(node)}`"[:80]
