"""What the parser's tree of a PromQL expression says. The grammar is a library's (promql-parser)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import promql_parser as promql

from quarterdeck.sandbox.prometheus.matching import Matching, QueryError
from quarterdeck.sandbox.prometheus.series import NAME, Matcher

LONGEST = 4000
"""Characters of a query: the parser follows nesting on the stack and would end the process."""

_BEFORE_1970 = re.compile(r"@\s*-\s*[\d.]")
"""A time that the parser takes, and then panics at when it is looked at."""

# The library's constants can be compared, but not be keys.
_GROUPS: tuple[tuple[Any, Any], ...] = (
    (promql.VectorMatchCardinality.ManyToOne, "left"),
    (promql.VectorMatchCardinality.OneToMany, "right"),
)
_MATCHES: tuple[tuple[Any, Any], ...] = (
    (promql.MatchOp.Equal, "="),
    (promql.MatchOp.NotEqual, "!="),
    (promql.MatchOp.Re, "=~"),
    (promql.MatchOp.NotRe, "!~"),
)


class ParseError(ValueError):
    """The text is no PromQL; the message says why."""


@lru_cache(maxsize=256)
def parse(text: str) -> Any:
    """The expression of a text.

    Raises:
        ParseError: it is none.
    """
    if len(text) > LONGEST:
        raise ParseError(f"the sandbox reads queries of up to {LONGEST} characters")
    if _BEFORE_1970.search(text):
        raise ParseError("the sandbox knows no time before 1970 after @")
    try:
        return promql.parse(text)
    except ValueError as error:
        raise ParseError(str(error)) from None


def matchers_of(text: str) -> list[list[Matcher]]:
    """The matchers of a plain selector, as `match[]` has them; each inner list is one alternative.

    Raises:
        ParseError: it isn't a selector.
    """
    expression = parse(text)
    if not isinstance(expression, promql.VectorSelector):
        raise ParseError(f"{text} is not a series selector")
    return matchers(expression)


def matchers(selector: promql.VectorSelector) -> list[list[Matcher]]:
    """Those of a selector; each inner list is one alternative. Raises QueryError."""
    named = [Matcher(NAME, "=", selector.name)] if selector.name else []
    common = named + [_matcher(one) for one in selector.matchers.matchers]
    alternatives = [[_matcher(one) for one in alternative] for alternative in selector.matchers.or_matchers]
    return [common + alternative for alternative in alternatives] or [common]


def _matcher(matcher: promql.Matcher) -> Matcher:
    for operation, kind in _MATCHES:
        if matcher.op == operation:
            return Matcher(matcher.name, kind, matcher.value)
    raise QueryError(f"the sandbox has no matcher {matcher}")


def matching(modifier: promql.BinModifier | None) -> Matching:
    """How the elements of two vectors find each other."""
    if modifier is None:
        return Matching()
    chosen: Any = next((side for card, side in _GROUPS if modifier.card == card), "")
    labels = modifier.matching
    on = labels is not None and labels.type == promql.LabelModifierType.Include
    return Matching(on, tuple(labels.labels) if labels else (), chosen, tuple(modifier.group_labels or ()))


def expected_labels(expression: Any) -> dict[str, str]:
    """The labels that an absent series would have: those that the selector asks to be equal to something."""
    expression = without_parentheses(expression)
    selector = expression.vector_selector if isinstance(expression, promql.MatrixSelector) else expression
    if not isinstance(selector, promql.VectorSelector):
        return {}
    asked = [matcher for matcher in matchers(selector)[0] if matcher.label != NAME]
    names = [matcher.label for matcher in asked]
    return {
        matcher.label: matcher.value
        for matcher in asked
        if matcher.kind == "=" and matcher.value and names.count(matcher.label) == 1
    }


def fixed_moment(selector: Any) -> float:
    """The time after `@`, UNIX seconds. Raises QueryError."""
    try:
        return float(selector.at.at.timestamp())
    except (ValueError, OverflowError):
        raise QueryError("the time after @ is out of range") from None


def without_parentheses(expression: Any) -> Any:
    """What stands within them."""
    while isinstance(expression, promql.ParenExpr):
        expression = expression.expr
    return expression
